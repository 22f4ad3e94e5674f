// Storing items: each once, in the order of commits, and nothing that can be sent stops the intake.
import { describe, expect, test } from 'vitest';
import { laneReadyChannel } from '../../src/inbox/notify.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { enqueue } from '../builders/payloads.ts';

const database = useDatabase();

async function storedItems(lane: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ source_id: string }>(
    'select source_id from item join lane on lane.id = lane_id where key = $1 order by position',
    [lane],
  );
  return rows.map((row) => row.source_id);
}

async function lanes(): Promise<{ key: string; tail: string; busy: boolean }[]> {
  const { rows } = await database.pool.query<{ key: string; tail: string; busy: boolean }>(
    'select key, tail, ready_at is not null as busy from lane order by key',
  );
  return rows;
}

describe('enqueue', () => {
  test('keeps the order of items of a lane that come together', async () => {
    await database.enqueue(...itemsOf('a', 50), ...itemsOf('b', 3));
    await database.enqueue(...itemsOf('a', 50, 51));
    expect(await storedItems('a')).toEqual(itemsOf('a', 100).map((item) => item.sourceId));
    expect(await lanes()).toEqual([
      { key: 'a', tail: '100', busy: true },
      { key: 'b', tail: '3', busy: true },
    ]);
  });

  test('stores nothing for no items', async () => {
    expect(await database.enqueue()).toEqual({ stored: 0, duplicates: 0 });
    expect(await lanes()).toEqual([]);
  });

  test('stores what comes twice once, and leaves no position above the last item', async () => {
    const [first, second, third] = itemsOf('a', 3);
    if (!first || !second || !third) return;
    expect(await database.enqueue(first, second, first, second)).toEqual({ stored: 2, duplicates: 2 });
    expect(await database.enqueue(second, third, third)).toEqual({ stored: 1, duplicates: 2 });
    expect(await database.enqueue(third)).toEqual({ stored: 0, duplicates: 1 });
    expect(await storedItems('a')).toEqual(['a-1', 'a-2', 'a-3']);
    const { rows } = await database.pool.query(
      'select tail = (select max(position) from item) as exact from lane',
    );
    expect(rows).toEqual([{ exact: true }]);
  });

  test('leaves the lane of a mere duplicate idle', async () => {
    const [item] = itemsOf('a', 1);
    if (!item) return;
    await database.enqueue(item);
    await database.pool.query('update lane set head = tail, ready_at = null');
    await database.enqueue(item, { ...item, lane: 'b' });
    expect(await lanes()).toEqual([
      { key: 'a', tail: '1', busy: false },
      { key: 'b', tail: '0', busy: false },
    ]);
  });

  test('the same source id at the same moment for two lanes is stored once and keeps neither lane busy', async () => {
    const [client, other] = await Promise.all([database.connect(), database.connect()]);
    const twin = { source: 'test', sourceId: 'twin', payload: null };
    await client.query('begin');
    await enqueue(client, [{ ...twin, lane: 'a' }]);
    await other.query('begin');
    const waiting = enqueue(other, [...itemsOf('b', 1), { ...twin, lane: 'b' }]);
    await client.query('commit');
    expect(await waiting).toEqual({ stored: 1, duplicates: 1 });
    await other.query('commit');
    expect((await lanes()).map((lane) => lane.tail)).toEqual(['1', '1']);
  });

  test('stores nothing when the transaction is rolled back', async () => {
    const client = await database.connect();
    await client.query('begin');
    await enqueue(client, itemsOf('a', 2));
    await client.query('rollback');
    expect(await lanes()).toEqual([]);
    expect(await database.enqueue(...itemsOf('a', 2))).toEqual({ stored: 2, duplicates: 0 });
  });

  test('positions follow the order of commits, not of beginnings', async () => {
    const [early, late] = await Promise.all([database.connect(), database.connect()]);
    await early.query('begin');
    await early.query('select now()');
    await late.query('begin');
    await enqueue(late, itemsOf('a', 1, 1));
    const waiting = enqueue(early, itemsOf('a', 1, 2));
    await late.query('commit');
    await waiting;
    await early.query('commit');
    expect(await storedItems('a')).toEqual(['a-1', 'a-2']);
  });

  test('a process frozen within the transaction does not lock the lanes for ever', async () => {
    const client = await database.connect();
    const pause = async () =>
      (await client.query('show idle_in_transaction_session_timeout')).rows[0] as unknown;
    await client.query('begin');
    await enqueue(client, itemsOf('a', 1));
    expect(await pause()).toEqual({ idle_in_transaction_session_timeout: '5s' });
    await client.query('commit');
    expect(await pause()).toEqual({ idle_in_transaction_session_timeout: '0' });
  });

  test.each([
    ['a NUL character', 'a\0b'],
    ['a lone surrogate', '\ud800'],
    ['deep nesting', Array.from({ length: 200 }).reduce<object>((inner) => [inner], [])],
    ['quotes, backslashes and line breaks', '"\\\n\r{},\u2028'],
    ['null', null],
  ])('takes a payload with %s, and gives back the same', async (_, payload) => {
    await database.enqueue({ lane: 'a', source: 'test', sourceId: '1', payload: { payload } });
    const { rows } = await database.pool.query<{ payload: unknown }>('select payload from item');
    expect(rows).toEqual([{ payload: { payload } }]);
  });

  test('notifies once per transaction, and only when it commits', async () => {
    const listener = await database.connect();
    const heard: string[] = [];
    listener.on('notification', ({ channel }) => heard.push(channel));
    await listener.query(`listen ${laneReadyChannel}`);
    const client = await database.connect();
    await client.query('begin');
    await enqueue(client, [...itemsOf('a', 20), ...itemsOf('b', 20)]);
    await listener.query('select');
    expect(heard).toEqual([]);
    await client.query('commit');
    await listener.query('select');
    expect(heard).toEqual([laneReadyChannel]);
  });
});
