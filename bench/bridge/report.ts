// The figures of the benchmark by their names, for the table and the file.
import type { Figure } from '../result.ts';
import { PROCESSES, sumOf, type ProcessorMs } from './processes.ts';
import type { Direction } from './said.ts';
import type { Latency, Summary } from './summary.ts';

const NAME: Readonly<Record<Direction, string>> = {
  'matrix-to-fhir': 'matrix_to_fhir',
  'fhir-to-matrix': 'fhir_to_matrix',
};
const DIRECTIONS = ['matrix-to-fhir', 'fhir-to-matrix'] as const;
const LINES = ['bridge', 'bare'] as const;

/** The ratios of which more is better. */
export function ratiosOf({ perSecondVsBare }: Summary): Readonly<Record<string, number>> {
  return {
    matrix_to_fhir_vs_bare: perSecondVsBare['matrix-to-fhir'],
    fhir_to_matrix_vs_bare: perSecondVsBare['fhir-to-matrix'],
  };
}

/** All other figures. */
export function figuresOf(summary: Summary): Readonly<Record<string, Figure>> {
  const { perSecond, perPair, perPairVsBare, bridgeMsPerMessage, latencies, atRest } = summary;
  return Object.fromEntries([
    ['cpu_per_pair_vs_bare', { value: perPairVsBare, unit: 'times; smaller is better' }],
    ...LINES.flatMap((line) => ofProcesses(`cpu_ms_per_pair_${line}`, 'ms/pair', perPair[line])),
    ...DIRECTIONS.flatMap((way): Entries => [
      [`bridge_cpu_ms_${NAME[way]}`, { value: bridgeMsPerMessage[way], unit: 'ms/message' }],
      ...LINES.map((line): Entries[number] => [
        `per_second_${NAME[way]}_${line}`,
        { value: perSecond[way][line], unit: 'messages/s' },
      ]),
    ]),
    ...latencies.flatMap(ofLatency),
    ['idle_cpu_ms_per_s', { value: atRest.bridge.bridge, unit: 'ms/s' }],
    ...LINES.flatMap((line) => ofProcesses(`idle_cpu_ms_per_s_${line}`, 'ms/s', atRest[line])),
  ] satisfies Entries);
}

type Entries = readonly (readonly [string, Figure])[];

function ofProcesses(name: string, unit: string, used: ProcessorMs): Entries {
  return [
    [`${name}_all`, { value: sumOf(used), unit }],
    ...PROCESSES.map((process): Entries[number] => [`${name}_${process}`, { value: used[process], unit }]),
  ];
}

function ofLatency({ direction, perSecond, percent, lines, added }: Latency): Entries {
  const name = `p${percent}_ms_${NAME[direction]}_${perSecond}_per_s`;
  return [
    [`added_${name}`, { value: added, unit: 'ms' }],
    ...LINES.map((line): Entries[number] => [`${line}_${name}`, { value: lines[line], unit: 'ms' }]),
  ];
}
