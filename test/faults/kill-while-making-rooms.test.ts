// The bridge is killed with SIGKILL again and again while it makes rooms: each is there once, complete, in its space.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitUntil } from '../../stack/wait.ts';
import { awaitIdle } from '../e2e/bridges.ts';
import type { Conversation, TestContext } from '../e2e/context.ts';
import { shareContext } from '../e2e/context.ts';

const ROOMS = 8;
/** The bridge is killed as soon as there are so many rooms, space included, or some milliseconds later. */
const KILLED_AT = [1, 2, 4, 6, 8];

interface State {
  readonly type: string;
  readonly state_key: string;
  readonly content: Readonly<Record<string, unknown>>;
}

describe.skipIf(inject('stackMissing') !== undefined)('the bridge killed while it makes rooms', () => {
  let context: TestContext;
  beforeAll(async () => {
    context = await shareContext();
  });
  afterAll(async () => {
    await context.end();
  });

  test('a team and 8 conversations become one space with 8 rooms, each with one first message', async () => {
    const { bridge, nurse, serverName } = context;
    const before = await roomsOfBot();
    const writing = writeAll();
    for (const many of KILLED_AT) {
      const areThere = async (): Promise<boolean> => (await roomsOfBot()) - before >= many;
      await waitUntil(areThere, { what: `${many} rooms are there`, timeoutMs: 60_000, everyMs: 5 });
      await sleep(Math.random() * 100);
      await bridge.service.kill();
      await bridge.service.start();
    }
    const conversations = await writing;
    const spaceId = await nurse.join(spaceOf(conversations));
    const roomIds = await Promise.all(conversations.map(({ room }) => nurse.join(room)));
    await Promise.all(roomIds.map((roomId, index) => nurse.hear(roomId, `First of room-${index}`)));
    await awaitIdle(bridge);

    // Nobody was asked into a room that was given up, and there is none.
    const known = nurse.client.getRooms().map(({ roomId }) => roomId);
    expect(known.toSorted()).toEqual([spaceId, ...roomIds].toSorted());
    expect(new Set(known).size).toBe(1 + ROOMS);
    expect(await roomsOfBot()).toBe(before + 1 + ROOMS);

    const space = await stateOf(spaceId);
    const children = space.filter(({ type, content }) => type === 'm.space.child' && 'via' in content);
    expect(children.map((child) => child.state_key).toSorted()).toEqual(roomIds.toSorted());
    expect(membersOf(space)).toEqual(EVERYBODY);
    for (const [index, roomId] of roomIds.entries()) {
      expect(await nurse.history(roomId)).toEqual([`First of room-${index}`]);
      const state = await stateOf(roomId);
      expect(membersOf(state)).toEqual(EVERYBODY);
      const parents = state.filter(({ type }) => type === 'm.space.parent');
      expect(parents.map(({ state_key, content }) => [state_key, content])).toEqual([
        [spaceId, { via: [serverName], canonical: true }],
      ]);
    }
  });

  async function writeAll(): Promise<readonly Conversation[]> {
    const written: Conversation[] = [];
    for (let index = 0; index < ROOMS; index += 1) {
      written.push(await context.createConversation(`room-${index}`, `First of room-${index}`));
    }
    return written;
  }

  /** In how many rooms the bot is: all there are, of this file and of those before it. */
  async function roomsOfBot(): Promise<number> {
    const { appservice, synapse } = inject('stack');
    const userId = encodeURIComponent(`@_fhir_bot:${synapse.serverName}`);
    const response = await fetch(`${synapse.url}/_matrix/client/v3/joined_rooms?user_id=${userId}`, {
      headers: { authorization: `Bearer ${appservice.asToken}` },
    });
    return ((await response.json()) as { joined_rooms: readonly string[] }).joined_rooms.length;
  }

  async function stateOf(roomId: string): Promise<readonly State[]> {
    const state: readonly { type: string; state_key?: string; content: State['content'] }[] =
      await context.nurse.client.roomState(roomId);
    return state.map(({ type, state_key = '', content }) => ({ type, state_key, content }));
  }
});

const EVERYBODY = ['J.D.V. (client): join', 'K.D.V. (relative): join', 'Noor: join', 'Zorgplatform: join'];

function membersOf(state: readonly State[]): readonly string[] {
  const members = state.filter(({ type }) => type === 'm.room.member');
  return members
    .map(({ content }) => `${String(content['displayname'])}: ${String(content['membership'])}`)
    .toSorted();
}

/** All of them belong to one team. */
function spaceOf([first]: readonly Conversation[]): string {
  if (first === undefined) throw new TypeError('There is no conversation');
  return first.space;
}
