// Registers the bot on the homeserver. Nothing can be sent or read before: items and jobs wait for it.
import type { Sleep } from '../domain/clock.ts';
import type { Handle } from '../inbox/item.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { Log } from '../telemetry/log.ts';

interface Deps {
  readonly registerBot: () => Promise<void>;
  readonly sleep: Sleep;
  readonly log: Log;
}

/** Creates the registration: it is made once, by the first who needs it, and anew after it failed. */
export function createBotRegistration({ registerBot, sleep, log }: Deps) {
  let registered: Promise<void> | undefined;

  async function register(): Promise<void> {
    registered ??= registerBot();
    try {
      await registered;
    } catch (error) {
      registered = undefined;
      throw error;
    }
  }

  return {
    /** Resolves once the bot is registered, or the signal is aborted. */
    async wait(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        try {
          await register();
          return;
        } catch (error) {
          log.warn({ error }, 'The bot cannot be registered yet; trying again');
          await sleep(1000, signal);
        }
      }
    },
    /** The handler, which is tried again where the bot cannot be registered. */
    before:
      (handle: Handle): Handle =>
      async (item, attempt) => {
        try {
          await register();
        } catch (error) {
          const { code, message } =
            error instanceof BridgeError ? error : new BridgeError('unexpected', 'see the log');
          return { kind: 'retry', error: { code, message } };
        }
        return handle(item, attempt);
      },
  };
}
