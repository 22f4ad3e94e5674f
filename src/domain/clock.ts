// Time as a dependency, so that tests decide what time it is.

export interface Clock {
  /** The time of day; may jump. */
  now(): Date;
  /** Milliseconds since some fixed moment; never goes back, and stands still while the machine is suspended. */
  monotonicMs(): number;
}

/** Resolves after `ms` milliseconds, or as soon as `signal` is aborted; never rejects. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;
