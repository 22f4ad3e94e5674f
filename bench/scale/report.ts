// The figures of the benchmark.
import type { Chart } from '../charts/chart.ts';
import type { BenchResult, Figure } from '../result.ts';
import type { Extent } from './extent.ts';
import type { Carried } from './talk.ts';

/** What so many replicas did with so many conversations. */
export interface Measured {
  readonly rooms: number;
  readonly replicas: number;
  readonly toFhir: Carried;
  readonly toMatrix: Carried;
}

/** A bridge that has just started. */
export interface Size {
  readonly startMs: number;
  readonly memoryMiB: number;
}

/** All else that was measured. */
interface Others {
  readonly started: Size | undefined;
  readonly drained: Pick<Carried, 'ownMs' | 'perSecond' | 'problems'>;
  readonly extent: Pick<Extent, 'backlog'>;
}

const WAYS = [
  ['toFhir', 'matrix_to_fhir'],
  ['toMatrix', 'fhir_to_matrix'],
] as const;

/** One line. */
export function rowOf({ rooms, replicas, toFhir, toMatrix }: Measured): string {
  const told = ({ perSecond, ownMs, databaseMs }: Carried): string =>
    `${perSecond.toFixed(0)}/s, ${ownMs.toFixed(1)} ms and ${databaseMs.toFixed(1)} ms in the database`;
  return `  ${rooms} conversations, ${replicas} replicas: to FHIR ${told(toFhir)}; to Matrix ${told(toMatrix)}`;
}

/** All figures. */
export function reportOf(measured: readonly Measured[], { started, drained, extent }: Others): BenchResult {
  const alone = measured.filter(({ replicas }) => replicas === 1);
  const [fewest, most] = [alone[0], alone.at(-1)];
  return {
    figures: {
      ...Object.fromEntries(measured.flatMap(figuresOf)),
      ...(fewest && most && costs(fewest, most)),
      ...(started && {
        start_ms: { value: started.startMs, unit: 'ms until ready' },
        memory_mib: { value: started.memoryMiB, unit: 'MiB, resident' },
      }),
      [`drain_${extent.backlog}_per_s`]: { value: drained.perSecond, unit: 'messages/s' },
      [`drain_${extent.backlog}_cpu_ms`]: { value: drained.ownMs, unit: 'ms of the bridge for each' },
    },
    ratios: {},
    problems: [
      ...measured.flatMap(({ rooms, replicas, ...ways }) =>
        WAYS.flatMap(([way]) =>
          ways[way].problems.map((each) => `${way}, ${rooms} rooms, ${replicas}: ${each}`),
        ),
      ),
      ...drained.problems.map((each) => `drain: ${each}`),
    ],
    charts: [processorChart(alone)],
  };
}

function figuresOf({ rooms, replicas, ...ways }: Measured): readonly (readonly [string, Figure])[] {
  return WAYS.flatMap(([way, name]) => {
    const { perSecond, ownMs, databaseMs } = ways[way];
    const id = `${name}_${rooms}_rooms_${replicas}_replicas`;
    return [
      [`${id}_per_s`, { value: perSecond, unit: 'messages/s' }],
      [`${id}_per_core`, { value: 1000 / ownMs, unit: 'messages/s for each core of the bridge' }],
      [`${id}_cpu_ms`, { value: ownMs, unit: 'ms of the bridge for each' }],
      [`${id}_database_cpu_ms`, { value: databaseMs, unit: 'ms of the database for each' }],
    ] as const;
  });
}

/** What a message costs among the most conversations, over what it costs in the fewest. */
function costs(fewest: Measured, most: Measured): Readonly<Record<string, Figure>> {
  const both = ({ toFhir, toMatrix }: Measured, of: 'databaseMs' | 'ownMs'): number =>
    toFhir[of] + toMatrix[of];
  const unit = 'times; smaller is better';
  const name = `cost_${most.rooms}_rooms_vs_${fewest.rooms}`;
  return {
    [name]: { value: both(most, 'ownMs') / both(fewest, 'ownMs'), unit },
    [`database_${name}`]: { value: both(most, 'databaseMs') / both(fewest, 'databaseMs'), unit },
  };
}

function processorChart(alone: readonly Measured[]): Chart {
  return {
    ...{ name: 'processors', title: 'A message among many conversations', unit: 'ms', marks: 'bars' },
    rows: alone.map(({ rooms, toFhir, toMatrix }) => ({
      label: `${rooms} conversations`,
      values: [
        { series: 'Matrix → FHIR', value: toFhir.ownMs },
        { series: 'FHIR → Matrix', value: toMatrix.ownMs },
      ],
    })),
  };
}
