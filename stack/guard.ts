// The parent's side of the guard: services run through it are gone when the parent is, however the parent ends.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { StackServiceError } from './errors.ts';
import type { FromGuard, GuardedCommand, ToGuard } from './guard-messages.ts';

/** A program the guard runs. */
export interface GuardedProcess {
  readonly pid: number;
  /** Settles when the program has ended, with "code 0" or the name of the signal that ended it. */
  readonly exited: Promise<string>;
  /** How it ended, or undefined while it runs. */
  exit(): string | undefined;
  /** Sends a signal to its whole process group. */
  signal(signal: NodeJS.Signals): void;
  /** Asks it to end, kills it if it does not, and waits until it is gone. */
  stop(): Promise<void>;
}

/** The guard process of one stack. */
export interface Guard {
  readonly pid: number;
  /** Runs a program; settles once it has been spawned. */
  run(command: GuardedCommand): Promise<GuardedProcess>;
  /** The guard removes this folder after the last service has ended. */
  removeAtEnd(path: string): void;
  /** Ends all services, those marked `last` after the others, removes the folders, and waits for the guard to be gone. */
  end(): Promise<void>;
}

interface Run {
  readonly spawned: PromiseWithResolvers<number>;
  readonly exited: PromiseWithResolvers<string>;
  exit: string | undefined;
  pid?: number;
}

/** Starts a guard process. It keeps this process alive until `end()`. */
export async function startGuard(): Promise<Guard> {
  const runs = new Map<number, Run>();
  const guard = fork(fileURLToPath(new URL('./guard-process.ts', import.meta.url)), [], {
    detached: true, // a Ctrl-C in the terminal reaches the parent only
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ready = Promise.withResolvers<undefined>();
  const gone = Promise.withResolvers<undefined>();
  guard.on('message', (message: FromGuard) => {
    if (message.type === 'ready') ready.resolve(undefined);
    else take(message, runs);
  });
  guard.once('error', ready.reject);
  guard.once('exit', () => {
    ready.reject(new StackServiceError('The guard process ended before it was ready.'));
    abandon(runs);
    gone.resolve(undefined);
  });
  await ready.promise;

  return {
    pid: guard.pid ?? 0,
    run: (command) => run(guard, runs, command),
    removeAtEnd(path) {
      send(guard, { type: 'remove-at-end', path });
    },
    async end() {
      send(guard, { type: 'end' });
      await gone.promise;
    },
  };
}

async function run(
  guard: ChildProcess,
  runs: Map<number, Run>,
  command: GuardedCommand,
): Promise<GuardedProcess> {
  const id = runs.size + 1;
  const state: Run = { spawned: Promise.withResolvers(), exited: Promise.withResolvers(), exit: undefined };
  runs.set(id, state);
  if (!guard.connected)
    throw new StackServiceError(`${command.command} was not started: the guard process is gone.`);
  send(guard, { type: 'run', id, command });
  const pid = await state.spawned.promise;
  return {
    pid,
    exited: state.exited.promise,
    exit: () => state.exit,
    signal(signal) {
      send(guard, { type: 'signal', id, signal });
    },
    async stop() {
      send(guard, { type: 'stop', id });
      await state.exited.promise;
    },
  };
}

function send(guard: ChildProcess, message: ToGuard): void {
  if (guard.connected) guard.send(message);
}

function take(message: Exclude<FromGuard, { type: 'ready' }>, runs: Map<number, Run>): void {
  const state = runs.get(message.id);
  if (!state) return;
  switch (message.type) {
    case 'started':
      state.pid = message.pid;
      state.spawned.resolve(message.pid);
      break;
    case 'failed':
      state.exit = message.reason;
      state.spawned.reject(new StackServiceError(message.reason));
      state.exited.resolve(message.reason);
      break;
    case 'exited':
      state.exit = message.exit;
      state.exited.resolve(message.exit);
      break;
  }
}

/** The guard is gone; if it was killed, its services are still there and end with it. */
function abandon(runs: Map<number, Run>): void {
  for (const state of runs.values()) {
    if (state.exit !== undefined) continue;
    if (state.pid !== undefined) {
      try {
        process.kill(-state.pid, 'SIGKILL');
      } catch {
        // It had ended already.
      }
    }
    state.exit = 'guard gone';
    state.spawned.reject(new StackServiceError('The guard process is gone.'));
    state.exited.resolve(state.exit);
  }
}
