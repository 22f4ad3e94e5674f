// In which order and how fast messages are said: one after the other in each room, and the rooms side by side.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from './said.ts';

/** Says one message. */
export type Say = (message: Message) => Promise<void>;

/** Says all as fast as it goes. @param concurrent how many may be on their way at one time */
export async function sayAtOnce(messages: readonly Message[], concurrent: number, say: Say): Promise<void> {
  /** What is left of each room in which nobody says anything at this time. */
  const free = [...Map.groupBy(messages, ({ room }) => room).values()];

  async function work(): Promise<void> {
    for (let room = free.shift(); room !== undefined; room = free.shift()) {
      const message = room.shift();
      if (message !== undefined) await say(message);
      if (room.length > 0) free.push(room);
    }
  }

  await Promise.all(Array.from({ length: concurrent }, work));
}

/**
 * Says so many messages in each second, whether the earlier ones are through or not. Only in the same room one waits for the other.
 * @param delayMs before the first
 */
export async function sayEvenly(
  messages: readonly Message[],
  perSecond: number,
  say: Say,
  delayMs = 0,
): Promise<void> {
  const begun = performance.now() + delayMs;
  const latest = new Map<number, Promise<void>>();
  for (const [index, message] of messages.entries()) {
    await sleep(Math.max(0, begun + (index * 1000) / perSecond - performance.now()));
    const before = latest.get(message.room) ?? Promise.resolve();
    latest.set(
      message.room,
      before.then(() => say(message)),
    );
  }
  await Promise.all(latest.values());
}
