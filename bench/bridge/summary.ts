// What several rounds say together: of each figure the median, of each comparison the median of what was compared in one round.
import { median, percentile } from '../result.ts';
import type { Extent } from './extent.ts';
import { mapProcesses, sumOf, type ProcessorMs } from './processes.ts';
import type { Measured, Round } from './round.ts';
import type { Direction } from './said.ts';

/** The two lines. */
export type LineName = keyof Round;
/** A value for each line. */
export type OfLines = Readonly<Record<LineName, number>>;

/** Latency at one load one way, in milliseconds. */
export interface Latency {
  readonly direction: Direction;
  readonly perSecond: number;
  readonly percent: 50 | 99;
  readonly lines: OfLines;
  /** What the bridge takes longer. */
  readonly added: number;
}

/** All of them. */
export interface Summary {
  readonly perSecond: Readonly<Record<Direction, OfLines>>;
  readonly perSecondVsBare: Readonly<Record<Direction, number>>;
  readonly bridgeMsPerMessage: Readonly<Record<Direction, number>>;
  readonly perPair: Readonly<Record<LineName, ProcessorMs>>;
  readonly perPairVsBare: number;
  readonly latencies: readonly Latency[];
  readonly atRest: Readonly<Record<LineName, ProcessorMs>>;
}

const DIRECTIONS = ['matrix-to-fhir', 'fhir-to-matrix'] as const;

/** Summarises. */
export function summarise(rounds: readonly Round[], { rates }: Pick<Extent, 'rates'>): Summary {
  const middle = (valueOf: (round: Round) => number): number => median(rounds.map(valueOf));
  const ofLines = (valueOf: (measured: Measured) => number): OfLines => ({
    bridge: middle(({ bridge }) => valueOf(bridge)),
    bare: middle(({ bare }) => valueOf(bare)),
  });
  const versus = (valueOf: (measured: Measured) => number): number =>
    middle(({ bridge, bare }) => valueOf(bridge) / valueOf(bare));
  const processors = (valueOf: (measured: Measured) => ProcessorMs) => ({
    bridge: mapProcesses((name) => middle(({ bridge }) => valueOf(bridge)[name])),
    bare: mapProcesses((name) => middle(({ bare }) => valueOf(bare)[name])),
  });
  const latency = (
    direction: Direction,
    speed: keyof Measured['steady'],
    percent: Latency['percent'],
  ): Latency => {
    const of = ({ steady }: Measured): number => percentile(steady[speed].latenciesMs[direction], percent);
    return {
      ...{ direction, percent, perSecond: rates[speed === 'slow' ? 0 : 1] },
      lines: ofLines(of),
      added: middle(({ bridge, bare }) => of(bridge) - of(bare)),
    };
  };
  return {
    perSecond: eachWay((way) => ofLines(({ drained }) => drained[way].perSecond)),
    perSecondVsBare: eachWay((way) => versus(({ drained }) => drained[way].perSecond)),
    bridgeMsPerMessage: eachWay((way) => middle(({ bridge }) => bridge.drained[way].bridgeMsPerMessage)),
    perPair: processors(({ unseen }) => unseen.perPair),
    perPairVsBare: versus(({ unseen }) => sumOf(unseen.perPair)),
    latencies: DIRECTIONS.flatMap((direction) =>
      (['slow', 'fast'] as const).flatMap((speed) =>
        ([50, 99] as const).map((percent) => latency(direction, speed, percent)),
      ),
    ),
    atRest: processors(({ atRest }) => atRest),
  };
}

/** All that went wrong in some rounds. */
export function problemsOf(rounds: readonly Round[]): readonly string[] {
  return rounds.flatMap(({ bridge, bare }, index) =>
    [bridge, bare]
      .flatMap(({ drained, steady, unseen }) => [
        ...[drained['matrix-to-fhir'], drained['fhir-to-matrix']],
        ...[steady.slow, steady.fast, unseen],
      ])
      .flatMap(({ problems }) => problems.map((problem) => `round ${index + 1}, ${problem}`)),
  );
}

function eachWay<T>(valueOf: (direction: Direction) => T): Readonly<Record<Direction, T>> {
  return { 'matrix-to-fhir': valueOf('matrix-to-fhir'), 'fhir-to-matrix': valueOf('fhir-to-matrix') };
}
