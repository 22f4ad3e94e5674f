// A number of messages one way, said as fast as the servers in memory take them, and what carrying them took.
import { communication } from '../../stack/demo/care-network.ts';
import { waitUntil } from '../../stack/wait.ts';
import { judge } from '../judge.ts';
import type { Side } from '../peers/recorder.ts';
import { familyTimeMs, watchProcessorTime } from '../processor-time.ts';
import type { Landscape } from './landscape.ts';

/** What carrying them took. */
export interface Carried {
  readonly perSecond: number;
  /** Milliseconds of the processor for each message: of the bridge, and of its database. */
  readonly ownMs: number;
  readonly databaseMs: number;
  readonly problems: readonly string[];
}

/** Who says something at the same time. */
const SPEAKERS = 16;
const LONGEST_MS = 3_600_000;
let said = 0;

/** Has them said and carried. @param by who says them */
export async function talk(landscape: Landscape, by: Side, messages: number): Promise<Carried> {
  const { pids, database } = landscape;
  const processor = await watchProcessorTime(pids);
  const databaseBefore = await familyTimeMs(database?.pid());
  const since = markOf(landscape);
  const begunMs = performance.now();
  await say(landscape, by, messages);
  await untilCarried(landscape, since, messages);
  const { perSecond, problems } = verdictOf(landscape, since, begunMs);
  return {
    ...{ perSecond, problems },
    ownMs: (await processor.stop()) / messages,
    databaseMs: ((await familyTimeMs(database?.pid())) - databaseBefore) / messages,
  };
}

/** Where the notes of a recorder stand. */
export interface Mark {
  readonly said: number;
  readonly arrivals: number;
}

/** Where they stand now. */
export function markOf({ recorder }: Pick<Landscape, 'recorder'>): Mark {
  return { said: recorder.said.length, arrivals: recorder.arrivals.length };
}

/** Each conversation in its turn is talked in by one speaker, so that what is said there has an order. */
export async function say(landscape: Landscape, by: Side, messages: number): Promise<void> {
  const { conversations } = landscape;
  const speakers = Math.min(SPEAKERS, conversations.length);
  await Promise.all(
    Array.from({ length: speakers }, async (_, speaker) => {
      const own = conversations.filter((_each, index) => index % speakers === speaker);
      for (let number = speaker; number < messages; number += speakers) {
        const conversation = own[Math.floor(number / speakers) % own.length];
        if (conversation !== undefined) await sayIn(landscape, by, conversation);
      }
    }),
  );
}

async function sayIn(
  { recorder, user, platform }: Landscape,
  by: Side,
  { conversation, roomId }: Landscape['conversations'][number],
): Promise<void> {
  said += 1;
  const token = `[${by}-${said}]`;
  const text = `${token} version 1`;
  recorder.note(by, conversation, token, text);
  if (by === 'user') await user.send(roomId, 'm.room.message', { msgtype: 'm.text', body: text });
  else await platform.put({ ...communication('', conversation, text), id: `platform-${said}` });
}

/** Waits until so many more have arrived. */
export async function untilCarried(
  { recorder }: Pick<Landscape, 'recorder'>,
  { arrivals }: Mark,
  messages: number,
): Promise<void> {
  const what = `${messages} messages are carried`;
  await waitUntil(() => recorder.arrivals.length - arrivals >= messages, { what, timeoutMs: LONGEST_MS });
}

/** How many were carried per second since a moment, and what went wrong. */
export function verdictOf(
  { recorder }: Pick<Landscape, 'recorder'>,
  since: Mark,
  begunMs: number,
): Pick<Carried, 'perSecond' | 'problems'> {
  const arrivals = recorder.arrivals.slice(since.arrivals);
  const { lost, doubled, outOfOrder, altered } = judge(recorder.said.slice(since.said), arrivals);
  const wrong = Object.entries({ lost, doubled, outOfOrder, altered }).filter(([, count]) => count > 0);
  return {
    perSecond: (1000 * arrivals.length) / ((arrivals.at(-1)?.atMs ?? begunMs) - begunMs),
    problems: wrong.map(([what, count]) => `${what}: ${count}`),
  };
}
