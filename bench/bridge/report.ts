// The figures of the benchmark by their names, for the table and the file.
import type { Figure } from '../result.ts';
import { PROCESSES, sumOf } from './processes.ts';
import type { Direction } from './said.ts';
import type { Latency, Summary } from './summary.ts';

const NAME: Readonly<Record<Direction, string>> = {
  'matrix-to-fhir': 'matrix_to_fhir',
  'fhir-to-matrix': 'fhir_to_matrix',
};
const DIRECTIONS = ['matrix-to-fhir', 'fhir-to-matrix'] as const;

/** The ratios of which more is better. */
export function ratiosOf({ perSecondVsBare }: Summary): Readonly<Record<string, number>> {
  return {
    matrix_to_fhir_vs_bare: perSecondVsBare['matrix-to-fhir'],
    fhir_to_matrix_vs_bare: perSecondVsBare['fhir-to-matrix'],
  };
}

/** All other figures; those of the script end in `bare`. */
export function figuresOf(summary: Summary): Readonly<Record<string, Figure>> {
  const { perSecond, perPair, perPairVsBare, bridgeMsPerMessage, latencies, atRest } = summary;
  return Object.fromEntries([
    ['cpu_per_pair_vs_bare', { value: perPairVsBare, unit: 'times; smaller is better' }],
    ...ofProcesses('cpu_ms_per_pair', 'ms/pair', perPair),
    ...DIRECTIONS.flatMap((way): Entries => [
      [`bridge_cpu_ms_${NAME[way]}`, { value: bridgeMsPerMessage[way], unit: 'ms/message' }],
      [`per_second_${NAME[way]}`, { value: perSecond[way].bridge, unit: 'messages/s' }],
      [`per_second_${NAME[way]}_bare`, { value: perSecond[way].bare, unit: 'messages/s' }],
    ]),
    ...latencies.flatMap(ofLatency),
    ['idle_cpu_ms_per_s', { value: atRest.bridge.bridge, unit: 'ms/s' }],
    ...ofProcesses('idle_cpu_ms_per_s', 'ms/s', atRest),
  ] satisfies Entries);
}

type Entries = readonly (readonly [string, Figure])[];

function ofProcesses(name: string, unit: string, { bridge, bare }: Summary['perPair']): Entries {
  return [
    [`${name}_all`, { value: sumOf(bridge), unit }],
    [`${name}_all_bare`, { value: sumOf(bare), unit }],
    [`${name}_bridge`, { value: bridge.bridge, unit }],
    ...PROCESSES.filter((process) => process !== 'bridge').flatMap((process): Entries => [
      [`${name}_${process}`, { value: bridge[process], unit }],
      [`${name}_${process}_bare`, { value: bare[process], unit }],
    ]),
  ];
}

function ofLatency({ direction, perSecond, percent, lines, added }: Latency): Entries {
  const name = `p${percent}_ms_${NAME[direction]}_${perSecond}_per_s`;
  return [
    [`added_${name}`, { value: added, unit: 'ms' }],
    [name, { value: lines.bridge, unit: 'ms' }],
    [`${name}_bare`, { value: lines.bare, unit: 'ms' }],
  ];
}
