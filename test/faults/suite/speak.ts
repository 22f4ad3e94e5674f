// One side of a conversation says and does things drawn at random, one after the other.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SentConversation, SentMessage } from './sent.ts';

/** One side of a conversation. */
export interface Speaking {
  readonly conversation: SentConversation;
  /** Begins every token of this side. */
  readonly name: string;
  /** Whether it goes on, after so many things said and done. */
  readonly goesOn: (steps: number) => boolean;
  /** Numbers from 0 up to 1 that decide. */
  readonly random: () => number;
  /** How long it waits at most before the next, in milliseconds. */
  readonly longestPauseMs: number;
}

/** What a side may do: how often, beside the others, and how. It returns whether it did: false where there is nothing to do it to. */
export type Acts = readonly { readonly weight: number; readonly act: () => Promise<boolean> }[];

/** Does one thing after the other. Where there is nothing to do it to, the first of them is done, which needs nothing. */
export async function speak(acts: Acts, { goesOn, random, longestPauseMs }: Speaking): Promise<void> {
  const tickets = acts.flatMap(({ weight, act }) => Array<() => Promise<boolean>>(weight).fill(act));
  for (let step = 0; goesOn(step); step += 1) {
    const isDone = await pick(tickets, random)?.();
    if (isDone !== true) await acts[0]?.act();
    await sleep(random() * longestPauseMs);
  }
}

/** The next message of a side: what begins the text of each of its versions, and the first of them. */
export function nextText(speaking: Speaking): { readonly token: string; readonly text: string } {
  const token = peekToken(speaking);
  return { token, text: `${token} version 1` };
}

/** The token of the next message. The brackets keep one token from beginning another. */
export function peekToken({ name, conversation: { messages } }: Speaking): string {
  const said = messages.filter(({ token }) => token.startsWith(`[${name}-`)).length;
  return `[${name}-${said}]`;
}

/** What a message says after its next change. */
export function nextVersion({ token, text }: SentMessage): string {
  return `${token} version ${Number(/\d+$/.exec(text)?.[0] ?? 0) + 1}`;
}

/** SHA-1 in base64, as FHIR has it. */
export function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('base64');
}

/** One of these, or undefined of none. */
export function pick<T>(from: readonly T[], random: () => number): T | undefined {
  return from[Math.floor(random() * from.length)];
}
