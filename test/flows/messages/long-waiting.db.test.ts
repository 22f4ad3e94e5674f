// Communications whose conversation has no room take one row together once they have waited long, and none is lost when the room is made.
import { describe, expect, test } from 'vitest';
import type { FhirReference } from '../../../src/domain/ids.ts';
import type { StoredResource } from '../../../src/fhir/server.ts';
import { changeOf } from '../../../src/flows/items/fhir-change.ts';
import {
  conversationMessagesItemSchema,
  type ConversationMessagesItem,
} from '../../../src/flows/items/conversation-messages.ts';
import { releaseWaiting, takeTurn } from '../../../src/flows/items/waiting.ts';
import { gatherWaiting } from '../../../src/flows/messages/gather-waiting.ts';
import { readConversation } from '../../../src/flows/messages/read-conversation.ts';
import type { NewItem } from '../../../src/inbox/item.ts';
import { structureLane } from '../../../src/mapping/lanes.ts';
import { ATTEMPT, createBridge, unreachableFhir } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { tables } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const REQUEST = ref('CommunicationRequest/1');
const OTHER = ref('CommunicationRequest/2');
const CAUSE = 'CommunicationRequest/1/2';
const never = new AbortController().signal;

const said = (id: string, second: number, over: object = {}): StoredResource =>
  stored(`Communication/${id}`, '1', new Date(second * 1000).toISOString(), {
    ...{ status: 'completed', partOf: [{ reference: REQUEST }] },
    ...over,
  });

const change = (id: string, versionId = '1') =>
  changeOf('Communication', { id, meta: { versionId, lastUpdated: '' } });
const itemOf = (id: string, request: FhirReference) => ({
  ...{ about: `Communication/${id}`, lane: structureLane(request), payload: change(id) },
});

/** A bridge whose server has these Communications. */
function createWorld(resources: readonly StoredResource[] = []) {
  const asked: string[] = [];
  const bridge = createBridge(pool(), {
    clock: { now: () => new Date(), monotonicMs: () => 0 },
    fhir: {
      ...unreachableFhir,
      async *pages(_, [query]) {
        asked.push(query?.join('=') ?? '');
        await Promise.resolve();
        yield { page: { resources: query?.[0] === 'part-of' ? resources : [] }, next: undefined };
      },
    },
  });
  return {
    asked,
    gather: () => gatherWaiting(bridge, never),
    release: () => bridge.transact((tx) => releaseWaiting(tables, tx, [REQUEST], CAUSE)),
    /** Handles the item that stands for the others. @returns what is handled next */
    read: async ({ sourceId, payload }: NewItem): Promise<readonly NewItem[]> => {
      const item = conversationMessagesItemSchema.parse(payload);
      const outcome = await readConversation(bridge, item, { sourceId }, ATTEMPT);
      if (outcome.kind === 'later') throw new TypeError('Expected an end');
      const { next = [] } = outcome;
      return typeof next === 'function' ? bridge.transact(next) : next;
    },
  };
}

async function wait(id: string, request: FhirReference, minutes: number): Promise<void> {
  await tables.waitingItems.saveWaiting(pool(), request, itemOf(id, request));
  await pool().query('update waiting_item set since = now() - make_interval(mins => $1) where about = $2', [
    minutes,
    `Communication/${id}`,
  ]);
}

const makeRoom = (): Promise<unknown> =>
  pool().query(`insert into room (reference, alias, room_id, ready_at) values ($1, '', '!r', now())`, [
    REQUEST,
  ]);

const waiting = async (): Promise<readonly unknown[]> =>
  (
    await pool().query<{ about: string }>('select about from waiting_item order by waits_for, sequence')
  ).rows.map(({ about }) => about);

const bodies = (items: readonly NewItem[]): readonly unknown[] => items.map(({ payload }) => payload);
const standIn = (over: Partial<ConversationMessagesItem> = {}): unknown => ({
  ...{ kind: 'conversation-messages', reference: REQUEST },
  ...over,
});
function only(items: readonly NewItem[]): NewItem {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new TypeError('Expected one item');
  return item;
}

describe('what waits for a conversation without a room', () => {
  test('is one row once one of it has waited long, however many come', async () => {
    const { gather } = createWorld();
    for (const id of ['a', 'b', 'c']) await wait(id, REQUEST, 90);
    await wait('new', REQUEST, 1);
    await wait('other', OTHER, 1);
    expect(await gather()).toBe(3);
    expect(await waiting()).toEqual([REQUEST, 'Communication/other']);
    await wait('d', REQUEST, 90);
    await gather();
    expect(await waiting()).toEqual([REQUEST, 'Communication/other']);
  });

  test('stays as it is where the room is there, and only not safe or not ready', async () => {
    const { gather } = createWorld();
    await makeRoom();
    await wait('a', REQUEST, 90);
    expect(await gather()).toBe(0);
    expect(await waiting()).toEqual(['Communication/a']);
  });
});

describe('once the room is made', () => {
  test('all are read again, in their authors’ order, and those of other conversations are not', async () => {
    const { gather, release, read, asked } = createWorld([
      said('c', 3),
      said('b', 2, { sent: '2026-01-02T00:00:00Z' }),
      said('a', 2, { sent: '2026-01-01T00:00:00Z' }),
      said('moved', 1, { partOf: [{ reference: OTHER }] }),
    ]);
    for (const id of ['a', 'b', 'c']) await wait(id, REQUEST, 90);
    await gather();
    await makeRoom();
    const released = await release();
    expect(bodies(released)).toEqual([standIn({ also: [] })]);
    const next = await read(only(released));
    expect(bodies(next)).toEqual(['a', 'b', 'c'].map((id) => change(id)));
    expect(next.map(({ lane }) => lane)).toEqual(Array(3).fill(structureLane(REQUEST)));
    expect(asked).toEqual([`part-of=${REQUEST}`, `based-on=${REQUEST}`]);
    expect(await waiting()).toEqual([]);
  });

  test('what has come since keeps its place in the order, and is not lost should a search not show it', async () => {
    const { gather, release, read } = createWorld([said('a', 1), said('new', 2)]);
    await wait('a', REQUEST, 90);
    await gather();
    await wait('new', REQUEST, 1);
    await wait('unseen', REQUEST, 1);
    await makeRoom();
    const item = only(await release());
    expect(bodies([item])).toEqual([standIn({ also: [change('new'), change('unseen')] })]);
    expect(bodies(await read(item))).toEqual(['a', 'new', 'unseen'].map((id) => change(id)));
  });

  test('so does one that finds the room open before the others are released', async () => {
    const { gather } = createWorld();
    const { transact } = createBridge(pool());
    await wait('a', REQUEST, 90);
    await gather();
    await makeRoom();
    const turn = takeTurn(tables, REQUEST, itemOf('late', REQUEST), 'before Communication/late/1');
    expect(bodies(await transact(turn.next))).toEqual([standIn({ also: [change('late')] })]);
  });

  test('many are read in parts, no two parts of one stamp, each item under the same id however often it is tried', async () => {
    const many = Array.from({ length: 1_100 }, (_, index) => said(`m${index}`, Math.floor(index / 10)));
    const { gather, release, read } = createWorld(many);
    await wait('m0', REQUEST, 90);
    await gather();
    await makeRoom();
    let item: NewItem | undefined = only(await release());
    const items: NewItem[] = [];
    const sizes: number[] = [];
    while (item !== undefined) {
      const next = await read(item);
      expect(await read(item)).toEqual(next);
      item = next.find(({ payload }) => conversationMessagesItemSchema.safeParse(payload).success);
      const messages = next.filter((each) => each !== item);
      items.push(...messages);
      sizes.push(messages.length);
    }
    expect(sizes).toEqual([500, 500, 100]);
    expect(bodies(items)).toEqual(many.map(({ id }) => change(id)));
    expect(new Set(items.map(({ sourceId }) => sourceId)).size).toBe(1_100);
    expect(Math.max(...items.map(({ sourceId }) => sourceId.length))).toBeLessThan(300);
  });

  test('and lost again meanwhile, they wait on', async () => {
    const { read } = createWorld();
    const payload = standIn();
    const item = { lane: structureLane(REQUEST), source: 'waited', sourceId: `${REQUEST} x`, payload };
    expect(await read(item)).toEqual([]);
    expect(await waiting()).toEqual([REQUEST]);
  });
});
