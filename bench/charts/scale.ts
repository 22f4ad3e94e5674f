// Where values stand on the axis of a chart, and at which of them the axis has its lines.
import type { Chart } from './chart.ts';

/** An axis. */
export interface Scale {
  /** From 0 at its left end to 1 at its right end. What lies outside stands at the end. */
  readonly at: (value: number) => number;
  readonly lines: readonly number[];
}

/** So many lines at most, beside that of nothing. */
const LINES = 6;
const STEPS = [1, 2, 5, 10];

/** The axis on which all values and limits of a chart have room. */
export function scaleOf({ marks, rows }: Pick<Chart, 'marks' | 'rows'>): Scale {
  const values = rows.flatMap((row) => [
    ...row.values.map(({ value }) => value),
    ...(row.limit === undefined ? [] : [row.limit.value]),
  ]);
  const known = values.filter((value) => Number.isFinite(value));
  return marks === 'bars' ? linear(Math.max(0, ...known)) : logarithmic(known.filter((value) => value > 0));
}

function linear(largest: number): Scale {
  const most = largest > 0 ? largest : 1;
  const power = 10 ** Math.floor(Math.log10(most / LINES));
  const step = power * (STEPS.find((each) => each * power >= most / LINES) ?? 10);
  const many = Math.ceil(most / step);
  const lines = Array.from({ length: many + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  return { at: (value) => clamp(value / (many * step)), lines };
}

function logarithmic(positive: readonly number[]): Scale {
  const first = Math.floor(Math.log10(Math.min(...positive, 10)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...positive, 1))));
  const lines = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  return { at: (value) => (value > 0 ? clamp((Math.log10(value) - first) / (last - first)) : 0), lines };
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
