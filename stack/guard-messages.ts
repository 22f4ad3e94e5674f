// What a parent and its guard process say to each other.

/** A program for the guard to run, in a process group of its own. */
export interface GuardedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to the parent's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Account to run under, when the parent is root and the program must not be. */
  readonly account?: Account;
  /** File that receives what the program prints. */
  readonly log: string;
  /** What asks the program to end; SIGTERM unless told. */
  readonly stopSignal?: NodeJS.Signals;
  /** Milliseconds after which it is killed; 5000 unless told. */
  readonly graceMs?: number;
  /** Ends only after all others have, because they use it. */
  readonly last?: boolean;
}

/** A user of the operating system. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** From the parent; `id` names one run of one program. */
export type ToGuard =
  | { readonly type: 'run'; readonly id: number; readonly command: GuardedCommand }
  | { readonly type: 'signal'; readonly id: number; readonly signal: NodeJS.Signals }
  | { readonly type: 'stop'; readonly id: number }
  | { readonly type: 'remove-at-end'; readonly path: string }
  | { readonly type: 'end' };

/** From the guard. */
export type FromGuard =
  | { readonly type: 'ready' }
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'failed'; readonly id: number; readonly reason: string }
  | { readonly type: 'exited'; readonly id: number; readonly exit: string };
