// Registers the bot on the homeserver. Nothing can be sent or read before: items and jobs wait for it.
import { once } from 'node:events';
import type { Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';

interface Deps {
  readonly registerBot: () => Promise<void>;
  readonly sleep: Sleep;
  readonly log: Log;
}

/** Creates the registration: it is made once, by the first who needs it, and anew after it failed or was forgotten. */
export function createBotRegistration({ registerBot, sleep, log }: Deps) {
  let registered: Promise<void> | undefined;

  async function register(): Promise<void> {
    const registering = (registered ??= registerBot());
    try {
      await registering;
    } catch (error) {
      if (registered === registering) registered = undefined;
      throw error;
    }
  }

  return {
    /** Has it made anew by the next who needs it. */
    forget(): void {
      registered = undefined;
    },
    /** Resolves once the bot is registered, or the signal is aborted. */
    async wait(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        try {
          // The homeserver may take as long to answer as it likes.
          await Promise.race([register(), once(signal, 'abort')]);
          return;
        } catch (error) {
          log.warn({ error }, 'The bot cannot be registered yet; trying again');
          await sleep(1000, signal);
        }
      }
    },
  };
}
