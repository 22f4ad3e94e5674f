// How much the benchmark plays; the environment makes it smaller, to try it.

/** How much is played. */
export interface Extent {
  readonly rounds: number;
  /** Conversations that go on at the same time. */
  readonly rooms: number;
  /** Messages of a backlog. */
  readonly backlog: number;
  /** How long a steady load lasts, and how long one looks on at rest. */
  readonly seconds: number;
  /** How long the bridge is left alone before it is measured: longer than its readers look back on what was written before. */
  readonly settleSeconds: number;
  /** Messages per second each way, of the steady loads. The processors are measured under the last. */
  readonly rates: readonly [number, number];
}

/** Reads it from `BENCH_ROUNDS`, `BENCH_MESSAGES`, `BENCH_SECONDS` and `BENCH_SETTLE_SECONDS`. */
export function readExtent(env: NodeJS.ProcessEnv = process.env): Extent {
  return {
    rounds: Number(env['BENCH_ROUNDS'] ?? 3),
    rooms: 20,
    backlog: Number(env['BENCH_MESSAGES'] ?? 600),
    seconds: Number(env['BENCH_SECONDS'] ?? 60),
    settleSeconds: Number(env['BENCH_SETTLE_SECONDS'] ?? 150),
    rates: [3, 6],
  };
}
