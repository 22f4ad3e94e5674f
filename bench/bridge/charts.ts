// The charts of the benchmark: ratios against their limits, the time of the processors by process, and latencies.
import type { Chart, ChartRow } from '../charts/chart.ts';
import { PROCESSES, sumOf } from './processes.ts';
import type { Direction } from './said.ts';
import type { Latency, OfLines, Summary } from './summary.ts';

const TOLD: Readonly<Record<Direction, string>> = {
  'matrix-to-fhir': 'Matrix → FHIR',
  'fhir-to-matrix': 'FHIR → Matrix',
};
/** How much longer messages may take, at the slower load and at the faster. */
const MOST_ADDED_MS = { 50: [40, 80], 99: [250, 600] } as const;

/** The charts. */
export function chartsOf(summary: Summary): readonly Chart[] {
  const slowest = Math.min(...summary.latencies.map(({ perSecond }) => perSecond));
  return [
    ratios(summary),
    processors(summary),
    {
      ...{ name: 'latencies', title: 'From the answer to who said a message until it is there', unit: 'ms' },
      marks: 'dots',
      rows: summary.latencies.map((each) => latencyRow(each)),
    },
    {
      ...{
        name: 'added-latencies',
        title: 'What the bridge takes longer than the servers alone',
        unit: 'ms',
      },
      marks: 'dots',
      rows: summary.latencies.map((each) => addedRow(each, each.perSecond === slowest)),
    },
  ];
}

function ratios({ perSecondVsBare, perPairVsBare }: Summary): Chart {
  const row = (label: string, value: number, limit: ChartRow['limit']): ChartRow => ({
    label,
    values: [{ series: 'bridge', value }],
    ...(limit && { limit }),
  });
  return {
    ...{ name: 'ratios', title: 'The bridge against the servers alone', unit: 'times', marks: 'bars' },
    rows: [
      row('Backlog Matrix → FHIR', perSecondVsBare['matrix-to-fhir'], { value: 0.9, is: 'least' }),
      row('Backlog FHIR → Matrix', perSecondVsBare['fhir-to-matrix'], { value: 0.9, is: 'least' }),
      row('Processor time per pair', perPairVsBare, { value: 1.2, is: 'most' }),
    ],
  };
}

function processors({ perPair: { bridge, bare } }: Summary): Chart {
  return {
    ...{ name: 'processors', title: 'Processor time for a pair of messages, one each way', unit: 'ms' },
    marks: 'bars',
    rows: [
      ...PROCESSES.map((name) => ({
        label: name,
        values: valuesOf({ bridge: bridge[name], bare: bare[name] }),
      })),
      { label: 'all', values: valuesOf({ bridge: sumOf(bridge), bare: sumOf(bare) }) },
    ],
  };
}

function latencyRow({ lines, ...of }: Latency): ChartRow {
  return { label: labelOf(of), values: valuesOf(lines) };
}

function addedRow({ added, ...of }: Latency, isSlow: boolean): ChartRow {
  const [slow, fast] = MOST_ADDED_MS[of.percent];
  return {
    label: labelOf(of),
    values: [{ series: 'bridge', value: added }],
    limit: { value: isSlow ? slow : fast, is: 'most' },
  };
}

function labelOf({ direction, perSecond, percent }: Pick<Latency, 'direction' | 'perSecond' | 'percent'>) {
  return `${TOLD[direction]}, ${perSecond}/s, p${percent}`;
}

function valuesOf({ bridge, bare }: OfLines): ChartRow['values'] {
  return [
    { series: 'bridge', value: bridge },
    { series: 'servers alone', value: bare },
  ];
}
