// What is said in a run: in each conversation a user and a platform, each one message after the other.
import { setTimeout as sleep } from 'node:timers/promises';
import { communication } from '../../stack/demo/care-network.ts';
import { seeded } from '../../test/builders/random.ts';
import type { Landscape } from './landscape.ts';

/** How much is said. */
export interface Traffic {
  readonly seed: number;
  /** The least that each side of each conversation says. */
  readonly messages: number;
  /** How many of the user's messages are edited at once, just before the next: a share from 0 to 1. */
  readonly editedBeforeNext: number;
  /** Whether they go on after that. */
  readonly goesOn: () => boolean;
}

type Said = Pick<Landscape, 'running' | 'user' | 'platform' | 'recorder'>;

/** Mean time between two messages of one side, in milliseconds. */
const PAUSE_MS = 800;

/** All say what they have to say. The same seed says the same, in the same pauses. */
export async function talk(landscape: Said, traffic: Traffic): Promise<void> {
  await Promise.all(
    landscape.running.rooms.flatMap(({ conversation, roomId }, index) => [
      talkAsUser(landscape, traffic, { conversation, roomId, random: seeded(traffic.seed * 64 + 2 * index) }),
      talkAsPlatform(landscape, traffic, { conversation, random: seeded(traffic.seed * 64 + 2 * index + 1) }),
    ]),
  );
}

async function talkAsUser(
  { user, recorder }: Said,
  { messages, editedBeforeNext, goesOn }: Traffic,
  of: { readonly conversation: string; readonly roomId: string; readonly random: () => number },
): Promise<void> {
  const { conversation, roomId, random } = of;
  for (let number = 0; number < messages || goesOn(); number += 1) {
    const token = `[user-${number}]`;
    const [first, second] = [`${token} version 1`, `${token} version 2`];
    recorder.note('user', conversation, token, first);
    const eventId = await user.send(roomId, 'm.room.message', { msgtype: 'm.text', body: first });
    await sleep(random() * 2 * PAUSE_MS);
    if (random() >= editedBeforeNext) continue;
    recorder.note('user', conversation, token, second);
    await user.send(roomId, 'm.room.message', {
      ...{ msgtype: 'm.text', body: `* ${second}` },
      'm.new_content': { msgtype: 'm.text', body: second },
      'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
    });
  }
}

async function talkAsPlatform(
  { platform, recorder }: Said,
  { messages, goesOn }: Traffic,
  of: { readonly conversation: string; readonly random: () => number },
): Promise<void> {
  const { conversation, random } = of;
  for (let number = 0; number < messages || goesOn(); number += 1) {
    const token = `[platform-${number}]`;
    const text = `${token} version 1`;
    recorder.note('platform', conversation, token, text);
    await platform.put({ ...communication('', conversation, text), id: `${conversation}-${number}` });
    await sleep(random() * 2 * PAUSE_MS);
  }
}
