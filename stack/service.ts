// A service of the stack: a guarded process with a way to ask whether it is ready, which can stop, die and start again.
import { readFile } from 'node:fs/promises';
import { StackServiceError } from './errors.ts';
import type { Guard, GuardedProcess } from './guard.ts';
import type { GuardedCommand } from './guard-messages.ts';
import { waitUntil } from './wait.ts';

/** Handle on a started service; tests use it to take the service away and bring it back, port and data unchanged. */
export interface Service {
  /** Process id, or undefined while it is down. */
  pid(): number | undefined;
  /** Starts it again after `stop` or `kill`; settles when it answers. */
  start(): Promise<void>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
}

/** What a service is made from. */
export interface ServiceSpec {
  readonly guard: Guard;
  /** As written for people: "Synapse". */
  readonly name: string;
  readonly command: GuardedCommand;
  /** Asks the service itself whether it is ready. */
  readonly ready: () => Promise<boolean>;
  readonly timeoutMs: number;
}

/** Starts a service and waits until it answers. */
export async function startService(spec: ServiceSpec): Promise<Service> {
  let current: GuardedProcess | undefined;

  const service: Service = {
    pid: () => (current?.exit() === undefined ? current?.pid : undefined),
    async start() {
      if (service.pid() !== undefined) return;
      current = await spec.guard.run(spec.command);
      await untilReady(spec, current);
    },
    async stop() {
      await current?.stop();
    },
    async kill() {
      current?.signal('SIGKILL');
      await current?.exited;
    },
  };

  await service.start();
  return service;
}

async function untilReady(
  { name, command, ready, timeoutMs }: ServiceSpec,
  running: GuardedProcess,
): Promise<void> {
  const failed = async (why: string, cause?: unknown): Promise<StackServiceError> =>
    new StackServiceError(`${name} ${why}. The end of ${command.log}:\n${await lastLines(command.log)}`, {
      cause,
    });
  const probe = async (): Promise<boolean> => {
    const exit = running.exit();
    if (exit !== undefined) throw await failed(`ended while it started (${exit})`);
    return ready();
  };
  try {
    await waitUntil(probe, { what: `${name} answers`, timeoutMs, everyMs: 50 });
  } catch (error) {
    if (error instanceof StackServiceError) throw error;
    throw await failed(`did not answer within ${timeoutMs / 1000} s`, error);
  }
}

/** Runs a program to its end, such as a build; anything but exit code 0 is an error with the end of its log. */
export async function runToEnd(guard: Guard, what: string, command: GuardedCommand): Promise<void> {
  const exit = await (await guard.run(command)).exited;
  if (exit === 'code 0') return;
  throw new StackServiceError(
    `${what} failed (${exit}). The end of ${command.log}:\n${await lastLines(command.log)}`,
  );
}

async function lastLines(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-25).join('\n');
  } catch {
    return '(no log)';
  }
}
