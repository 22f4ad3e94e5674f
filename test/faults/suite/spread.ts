// How long something took, of many times.

/** Milliseconds: of half of them, of 99 of 100, of all. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** Of none, all is 0. */
export function spreadOf(each: readonly number[]): Spread {
  const sorted = each.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), most: at(1) };
}
