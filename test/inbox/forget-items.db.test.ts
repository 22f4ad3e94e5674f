// What the log forgets of a person, and what of others it leaves alone.
import { beforeEach, describe, expect, test } from 'vitest';
import { forgetItemsNaming } from '../builders/payloads.ts';
import { useDatabase } from './support/database.ts';

const database = useDatabase();
const { signal } = new AbortController();
const JAN = { users: ['@jan:h'], texts: ['Jan "Storm" Vogel'] };

/** Items of one lane with these payloads, of which so many were handled. */
async function store(payloads: readonly unknown[], handled = payloads.length): Promise<void> {
  await database.pool.query(
    `with made as (insert into lane (key, tail, head) values ('x', $1, $2) returning id)
     insert into item (lane_id, position, source, source_id, payload)
     select id, row_number() over (), 'test', 'item ' || row_number() over (), given.payload
     from made, json_array_elements($3::json) as given (payload)`,
    [payloads.length, handled, JSON.stringify(payloads)],
  );
}

async function payloads(): Promise<readonly unknown[]> {
  const { rows } = await database.pool.query<{ payload: unknown }>(
    'select payload from item order by lane_id, position',
  );
  return rows.map(({ payload }) => payload);
}

const forget = (isDry = false) => forgetItemsNaming(database.pool, JAN, { isDry, signal });

describe('of items that were handled', () => {
  const THEIRS = [
    { sender: '@jan:h' },
    { body: 'ask @jan:h: he knows' },
    { body: 'by @jan:h.' },
    { name: 'Team of Jan "Storm" Vogel' },
  ];
  const OTHERS = [
    { sender: '@jan:h.example' },
    { sender: '@jan:host' },
    { sender: '@jan:h:8448' },
    { name: 'Jan Storm Vogel' },
  ];

  test('those that name the person are emptied, by an id or a name that does not go on', async () => {
    await store([...THEIRS, ...OTHERS]);
    expect(await forget()).toEqual({ items: 4, deadLetters: 0, waiting: 0 });
    expect(await payloads()).toEqual([{}, {}, {}, {}, ...OTHERS]);
    expect(await forget()).toEqual({ items: 0, deadLetters: 0, waiting: 0 });
  });

  test('a dry run counts them', async () => {
    await store([...THEIRS, ...OTHERS]);
    expect(await forget(true)).toEqual({ items: 4, deadLetters: 0, waiting: 0 });
    expect(await payloads()).toEqual([...THEIRS, ...OTHERS]);
  });

  test('all are looked at, however many there are', async () => {
    await store(
      Array.from({ length: 1_201 }, (_, index) => (index % 400 === 0 ? { by: '@jan:h' } : { index })),
    );
    expect(await forget()).toMatchObject({ items: 4 });
  });
});

test('what is not handled yet is counted and left', async () => {
  await store([{ sender: '@jan:h' }, { sender: '@jan:h' }], 1);
  expect(await forget()).toEqual({ items: 1, deadLetters: 0, waiting: 1 });
  expect(await payloads()).toEqual([{}, { sender: '@jan:h' }]);
});

describe('of dead letters', () => {
  beforeEach(async () => {
    await store([]);
    await database.pool.query(
      `insert into dead_letter
         (lane_id, lane_key, position, source, source_id, payload, attempts, error_code, error_message, received_at)
       select id, key, given.position, 'test', given.position::text, given.payload, 1, 'unexpected', '', now()
       from lane, (values (1, $1::json), (2, $2::json)) as given (position, payload) where key = 'x'`,
      [JSON.stringify({ sender: '@jan:h' }), JSON.stringify({ sender: '@els:h', body: JAN.texts[0] })],
    );
  });

  test('the person’s are deleted; another’s in which their name stands is that other’s to retry', async () => {
    expect(await forget()).toEqual({ items: 0, deadLetters: 1, waiting: 0 });
    const { rows } = await database.pool.query('select position::int from dead_letter');
    expect(rows).toEqual([{ position: 2 }]);
  });
});
