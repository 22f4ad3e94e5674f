// Repeats checks of the services that the bridge needs and keeps their states. They never decide about liveness.
import type { Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';

/** A dependency's state: `unknown` before the first check ended, `degraded` while it answers but a job with it stands still. */
export type ServiceState = 'up' | 'down' | 'degraded' | 'unknown';

interface Check {
  readonly service: string;
  readonly intervalMs: number;
  /** How many failures in a row make it `down`. */
  readonly patience: number;
  /** After so long without an end it counts as failed. */
  readonly timeoutMs: number;
  /** Throws when the service does not answer as it should. */
  readonly check: (signal: AbortSignal) => Promise<void>;
}

/** Repeats checks at their intervals, and remembers what they found. */
export function createChecks(
  checks: readonly Check[],
  deps: { sleep: Sleep; log: Log; onState: (service: string, up: boolean) => void },
) {
  const states = new Map<string, ServiceState>(checks.map(({ service }) => [service, 'unknown']));

  function setState(service: string, state: 'up' | 'down', signal: AbortSignal, error?: unknown): void {
    if (signal.aborted) return;
    deps.onState(service, state === 'up');
    if (states.get(service) === state) return;
    states.set(service, state);
    if (state === 'up') deps.log.info({ dependency: service }, 'A dependency answers');
    else deps.log.warn({ dependency: service, error }, 'A dependency does not answer');
  }

  /** A check that does not heed its signal is left behind. */
  async function inTime(check: Check['check'], timeoutMs: number, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const tooLate = deps.sleep(timeoutMs, ended.signal).then(() => {
      if (!ended.signal.aborted) throw new CheckTimeoutError();
    });
    try {
      await Promise.race([check(AbortSignal.any([signal, ended.signal])), tooLate]);
    } finally {
      ended.abort();
    }
  }

  async function repeat(
    { service, intervalMs, patience, timeoutMs, check }: Check,
    signal: AbortSignal,
  ): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await inTime(check, timeoutMs, signal);
        failures = 0;
        setState(service, 'up', signal);
      } catch (error) {
        failures += 1;
        if (failures >= patience) setState(service, 'down', signal, error);
      }
      // The first successes after a failure are worth knowing soon.
      await deps.sleep(
        failures === 0 ? intervalMs : Math.min(intervalMs, 1000 * 2 ** Math.min(failures, 5)),
        signal,
      );
    }
  }

  return {
    /** The states as of the last checks. */
    states: (): Readonly<Record<string, ServiceState>> => Object.fromEntries(states),
    /** Checks until the signal is aborted. */
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all(checks.map((check) => repeat(check, signal)));
    },
  };
}

class CheckTimeoutError extends Error {
  readonly code = 'CHECK_TIMEOUT';
  constructor() {
    super('A service did not answer its check in time');
    this.name = 'CheckTimeoutError';
  }
}
