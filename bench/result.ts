// What a benchmark hands back.
import type { Chart } from './charts/chart.ts';

/** A measured value. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
}

/** The result of one benchmark, which compares ways of doing the same in one run. */
export interface BenchResult {
  readonly figures: Readonly<Record<string, Figure>>;
  /** Ours against the other way; always so that bigger is better. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Anything that was not done right: figures of wrong work are worth nothing. */
  readonly problems: readonly string[];
  /** What `--plot` draws. */
  readonly charts?: readonly Chart[];
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that `percent` of the values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}
