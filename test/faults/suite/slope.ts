// By how much something grows with time, and how far that can be told from noise.

/** A value at an instant. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** Growth, in units of the value per hour, and its standard error. */
export interface Slope {
  readonly perHour: number;
  readonly error: number;
}

const HOUR_MS = 3_600_000;

/** The straight line through the samples by least squares. Of fewer than three samples the error is infinite. Pure. */
export function slopeOf(samples: readonly Sample[]): Slope {
  const count = samples.length;
  const meanOf = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / count;
  const [meanTime, meanValue] = [meanOf(({ atMs }) => atMs), meanOf(({ value }) => value)];
  const spread = samples.reduce((sum, { atMs }) => sum + (atMs - meanTime) ** 2, 0);
  if (count < 3 || spread === 0) return { perHour: 0, error: Infinity };
  const together = samples.reduce((sum, { atMs, value }) => sum + (atMs - meanTime) * (value - meanValue), 0);
  const perMs = together / spread;
  const left = samples.reduce(
    (sum, { atMs, value }) => sum + (value - meanValue - perMs * (atMs - meanTime)) ** 2,
    0,
  );
  return { perHour: perMs * HOUR_MS, error: Math.sqrt(left / (count - 2) / spread) * HOUR_MS };
}

/** The least value of each stretch of time: memory goes up and down between two collections. Pure. */
export function lowest(samples: readonly Sample[], stretchMs: number): readonly Sample[] {
  const least = new Map<number, Sample>();
  for (const sample of samples) {
    const stretch = Math.floor(sample.atMs / stretchMs);
    const before = least.get(stretch);
    if (before === undefined || sample.value < before.value) least.set(stretch, sample);
  }
  return [...least.values()];
}
