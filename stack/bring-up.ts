// What every service of the stack has in hand while it is brought up.
import type { Guard } from './guard.ts';
import type { Postgres } from './postgres.ts';
import type { RunFolder } from './run-folder.ts';

/** Receives one line for each thing the stack does. */
export type Say = (line: string) => void;

/** One start of the stack. */
export interface Run {
  readonly guard: Guard;
  readonly folder: RunFolder;
  readonly say: Say;
  readonly postgres: Promise<Postgres>;
  /** True: the services write a line for each request into their logs. */
  readonly accessLogs: boolean;
}

/** Says that something begins, does it, and says how long it took. */
export async function timed<T>(say: Say, name: string, doing: string, work: () => Promise<T>): Promise<T> {
  say(`${name}: ${doing}`);
  const start = performance.now();
  const result = await work();
  say(`${name}: ready after ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
