// What a benchmark is told on the command line.

/** Options of `npm run bench`; each benchmark uses those that it knows. */
export interface BenchOptions {
  /** What is said and what goes wrong is drawn from these; a benchmark that draws plays once for each. */
  readonly seeds: readonly number[];
  /** Only what has this in its name. */
  readonly only: string;
}
