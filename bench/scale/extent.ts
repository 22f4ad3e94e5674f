// How much the benchmark plays; the environment makes it smaller, to try it.

/** How much is played. */
export interface Extent {
  /** The numbers of conversations at which an event is measured, smallest first. */
  readonly rooms: readonly number[];
  /** Messages each way of one measurement. */
  readonly messages: number;
  /** In so many of the conversations people talk. */
  readonly talking: number;
  /** The numbers of replicas that work together. */
  readonly replicas: readonly number[];
  /** Messages that were carried before, at the largest number of conversations. */
  readonly stored: number;
  /** How long a started bridge is left alone before its memory is looked at, in milliseconds. */
  readonly calmMs: number;
  /** Messages of users that wait while the bridge is away. */
  readonly backlog: number;
}

/** Reads it from `BENCH_ROOMS` and so on: the names in capitals below. */
export function readExtent(env: NodeJS.ProcessEnv = process.env): Extent {
  const numbers = (name: string, otherwise: string): readonly number[] =>
    (env[name] ?? otherwise).split(',').map(Number);
  const number = (name: string, otherwise: string): number => Number(env[name] ?? otherwise);
  return {
    rooms: numbers('BENCH_ROOMS', '1,1000,20000,100000'),
    messages: number('BENCH_MESSAGES', '1000'),
    talking: number('BENCH_TALKING', '500'),
    replicas: numbers('BENCH_REPLICAS', '1,2,4'),
    calmMs: 1000 * number('BENCH_CALM_SECONDS', '10'),
    stored: number('BENCH_STORED', '1000000'),
    backlog: number('BENCH_BACKLOG', '100000'),
  };
}
