// What is compared: two ways of keeping work in order per key.

/** A piece of work. */
export interface Task {
  readonly key: string;
  /** Its place among the tasks of its key, from 1. */
  readonly number: number;
  /** Its first attempt fails. */
  readonly failsOnce: boolean;
  /** When it was handed over, in milliseconds of the clock all processes share. */
  readonly sentAtMs: number;
}

/** What a worker process is to be good at. */
export type Purpose = 'throughput' | 'latency' | 'recovery';

/** Does a task; tells whether that succeeded. */
export type Work = (task: Task, attempt: number) => Promise<boolean>;

export interface Producer {
  /** Hands over a task in a transaction of its own; resolves when it is stored. */
  send(task: Task): Promise<void>;
  /** Hands over many; those of a key keep their order. */
  sendAll(tasks: readonly Task[]): Promise<void>;
  /** Lets PostgreSQL look at what is stored, as it would do by itself a little later. */
  analyse(): Promise<void>;
  /** How many tasks are not done yet. */
  countOpen(): Promise<number>;
  close(): Promise<void>;
}

export interface Contender {
  /** Creates the tables in an empty database. */
  prepare(url: string, purpose: Purpose): Promise<void>;
  produce(url: string, purpose: Purpose): Promise<Producer>;
  /** Works on up to `slots` keys at the same time, until the process ends. */
  work(url: string, purpose: Purpose, slots: number, work: Work): Promise<void>;
}

/** Milliseconds of the one monotonic clock that all processes of a machine share. */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
