// The guard: a process that runs services for its parent and outlives it just long enough to end them.
// Started by guard.ts with an IPC channel. When the parent says so, or is gone in whatever way (exit, Ctrl-C, kill -9:
// the channel closes), every service is asked to end, then killed, and the run's folders are removed.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import type { FromGuard, GuardedCommand, ToGuard } from './guard-messages.ts';

interface Running {
  readonly child: ChildProcess;
  readonly command: GuardedCommand;
  readonly exited: Promise<void>;
}

const running = new Map<number, Running>();
const removeAtEnd = new Set<string>();
let ending = false;

function tellParent(message: FromGuard): void {
  // A parent that is gone cannot be told; the 'disconnect' below does what is needed then.
  if (process.connected) process.send?.(message, () => undefined);
}

function run(id: number, command: GuardedCommand): void {
  if (ending) return;
  const log = openSync(command.log, 'a');
  const child = spawn(command.command, command.args, {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...command.account,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const { promise: exited, resolve } = Promise.withResolvers<undefined>();
  running.set(id, { child, command, exited });
  child.once('spawn', () => {
    if (child.pid !== undefined) tellParent({ type: 'started', id, pid: child.pid });
  });
  child.once('error', (error) => {
    running.delete(id);
    tellParent({ type: 'failed', id, reason: error.message });
    resolve(undefined);
  });
  child.once('exit', (code, signal) => {
    signalGroup(child, 'SIGKILL'); // whatever it left behind
    running.delete(id);
    tellParent({ type: 'exited', id, exit: signal ?? `code ${code ?? 'unknown'}` });
    resolve(undefined);
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // No process of the group is left.
  }
}

async function stop({ child, command, exited }: Running): Promise<void> {
  signalGroup(child, command.stopSignal ?? 'SIGTERM');
  const impatient = setTimeout(() => {
    signalGroup(child, 'SIGKILL');
  }, command.graceMs ?? 5_000);
  await exited;
  clearTimeout(impatient);
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  const all = [...running.values()];
  await Promise.all(all.filter(({ command }) => command.last !== true).map(stop));
  await Promise.all(all.filter(({ command }) => command.last === true).map(stop));
  for (const path of removeAtEnd) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

function obey(message: ToGuard): void {
  const service = 'id' in message ? running.get(message.id) : undefined;
  switch (message.type) {
    case 'run':
      run(message.id, message.command);
      break;
    case 'signal':
      if (service) signalGroup(service.child, message.signal);
      break;
    case 'stop':
      if (service) void stop(service);
      break;
    case 'remove-at-end':
      removeAtEnd.add(message.path);
      break;
    case 'end':
      void end();
      break;
  }
}

process.on('message', obey);
process.on('disconnect', () => void end());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
tellParent({ type: 'ready' });
