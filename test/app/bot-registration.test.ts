// Items and jobs wait for the bot: until it is registered, and no longer than they are to run here.
import { expect, test, vi } from 'vitest';
import { createBotRegistration } from '../../src/app/bot-registration.ts';
import { createKeptLog } from '../inbox/support/replica.ts';

const sleep = (): Promise<void> => Promise.resolve();

test('the bot is registered once for all who wait, and again where that failed', async () => {
  const registerBot = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue(undefined);
  const bot = createBotRegistration({ registerBot, sleep, log: createKeptLog() });
  const { signal } = new AbortController();
  await Promise.all([bot.wait(signal), bot.wait(signal)]);
  await bot.wait(signal);
  expect(registerBot).toHaveBeenCalledTimes(2);
});

test('what was forgotten is made anew, and a failure of before does not undo it', async () => {
  const failing = Promise.withResolvers<undefined>();
  const registerBot = vi.fn().mockReturnValueOnce(failing.promise).mockResolvedValue(undefined);
  const bot = createBotRegistration({ registerBot, sleep, log: createKeptLog() });
  const { signal } = new AbortController();
  const first = bot.wait(signal);
  bot.forget();
  await bot.wait(signal);
  failing.reject(new Error('away'));
  await first;
  await bot.wait(signal);
  expect(registerBot).toHaveBeenCalledTimes(2);
});

test('who is to run no longer does not wait for a homeserver that does not answer', async () => {
  const registerBot = () => new Promise<void>(() => undefined);
  const bot = createBotRegistration({ registerBot, sleep, log: createKeptLog() });
  const ended = new AbortController();
  const waiting = bot.wait(ended.signal);
  ended.abort();
  await expect(waiting).resolves.toBeUndefined();
});
