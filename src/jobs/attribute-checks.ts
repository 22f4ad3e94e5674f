// Looks after the attributes by which a directory finds people: those that anybody could have written find nobody, and are told.
// It has no lease: every replica answers `/health` and readiness by what it has found itself.
import type { Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Tells which configured attributes of a directory are not used, since they cannot be relied upon. */
export interface AttributeCheck {
  readonly directory: string;
  /** Those without which people who are looked up are not found. */
  readonly needed: readonly string[];
  readonly unreliable: (signal: AbortSignal) => Promise<readonly string[]>;
}

interface Deps {
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** How often directories are asked; those that failed, or have something to mend, sooner. */
const CHECK_INTERVAL_MS = 10 * 60 * 1000;
const RECHECK_INTERVAL_MS = 60 * 1000;

/** Creates the checks. What they find is told in the log once, as a figure, and by `/health`. */
export function createAttributeChecks({ sleep, log, metrics }: Deps, checks: readonly AttributeCheck[]) {
  const found = new Map<string, readonly string[]>();

  async function checkOnce({ directory, unreliable }: AttributeCheck, signal: AbortSignal): Promise<number> {
    try {
      const attributes = await unreliable(signal);
      metrics.directoryWarnings.set({ directory }, attributes.length);
      const isNews = attributes.join() !== (found.get(directory) ?? []).join();
      if (isNews && attributes.length > 0) {
        log.warn(
          { directory, attributes },
          'Nobody is found by attributes that users can write or that are not declared',
        );
      }
      found.set(directory, attributes);
      return attributes.length > 0 ? RECHECK_INTERVAL_MS : CHECK_INTERVAL_MS;
    } catch (error) {
      if (!signal.aborted) log.warn({ directory, error }, 'Could not check the attributes of a directory');
      return RECHECK_INTERVAL_MS;
    }
  }

  async function repeat(check: AttributeCheck, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await sleep(await checkOnce(check, signal), signal);
  }

  return {
    /** Whether people can be found by every attribute that they are looked up by, as far as directories have told. */
    areReliable: (): boolean =>
      checks.every(({ directory, needed }) =>
        (found.get(directory) ?? []).every((attribute) => !needed.includes(attribute)),
      ),
    /** What an operator should mend. */
    warnings: (): readonly string[] =>
      [...found].flatMap(([directory, attributes]) =>
        attributes.map(
          (name) => `${directory}: the attribute ${name} can be written by users, or is not declared`,
        ),
      ),
    /** Asks the directories until the signal is aborted. */
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all(checks.map((check) => repeat(check, signal)));
    },
  };
}
