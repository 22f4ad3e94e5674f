// After a key was added, all that stands under another is encrypted with it, batch by batch; how much is left is counted.
import { describe, expect, test } from 'vitest';
import { PAYLOAD_COLUMNS } from '../../src/at-rest/payload-columns.ts';
import { countUnderOtherKeys, rewritePayloads } from '../../src/at-rest/rotation.ts';
import type { PayloadCodec } from '../../src/domain/stored-payload.ts';
import { forgetPayload } from '../../src/inbox/forget-payload.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { rotateKeys } from '../../src/jobs/rotate-keys.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { eventId, message, roomId, userId } from '../builders/matrix.ts';
import { encryptedPayloads, plainPayloads, storing } from '../builders/payloads.ts';
import { planOf } from '../builders/plan.ts';

const pool = useBridgeDatabase();
const REQUEST = ref('CommunicationRequest/1');
const never = new AbortController().signal;

const old = encryptedPayloads('old');
const both = encryptedPayloads('new', 'old');

const LINK = {
  ...{
    origin: 'fhir' as const,
    part: 0,
    kind: 'text',
    communication: ref('Communication/1'),
    eventId: undefined,
  },
  ...{
    target: undefined,
    sender: undefined,
    sentAt: undefined,
    threadRoot: undefined,
    roomId: roomId('!r:h'),
  },
} as const;

/** One row of each table, with the payload `{ said: name }` or the text `name`. */
async function store(payloads: PayloadCodec, name: string): Promise<void> {
  const { enqueue, store: tables } = storing(payloads);
  const payload = { said: name };
  await inTransaction(pool(), async (tx) => {
    await enqueue(tx, [
      { lane: 'a', source: 'test', sourceId: name, payload },
      { lane: 'a', source: 'test', sourceId: `dead ${name}`, payload },
    ]);
    await tx.query(
      `insert into dead_letter (lane_id, lane_key, position, source, source_id, payload, attempts, error_code,
         error_message, received_at)
       select lane_id, 'a', position, source, source_id, payload, 1, '', '', received_at
       from item where source_id = $1`,
      [`dead ${name}`],
    );
    await tx.query('delete from item where source_id = $1', [`dead ${name}`]);
    await tables.ghosts.saveGhost(tx, userId(name));
    await tables.ghosts.saveGhostName(tx, userId(name), name);
    await tables.messageLinks.startLink(tx, { ...LINK, cause: name, digest: name });
    await tables.waitingItems.saveWaiting(tx, REQUEST, { about: name, lane: 'a', payload });
    await tables.arrivals.saveArrivals(tx, [
      { ...message({ event_id: eventId(name), room_id: roomId('!other:h') }), ...payload },
    ]);
  });
}

/** A pass of the job. @returns how many rows it encrypted, and whether it asked for another pass */
async function pass(payloads: PayloadCodec) {
  let goesOn = false;
  const { pass: passOnce } = rotateKeys({ transact: (work) => inTransaction(pool(), work) }, payloads);
  const rewritten = await passOnce(never, () => {
    goesOn = true;
  });
  return { rewritten, goesOn };
}

const altered = (text: string): string => text.replace(/.{4}"$/, 'AAAA"');

/** Of each table, the key of its only row. */
async function keys(): Promise<readonly (string | null)[]> {
  const found = await Promise.all(
    PAYLOAD_COLUMNS.map(({ table, column }) =>
      pool().query<{ key: string | null }>(`select payload_key(${column}) as key from ${table} order by 1`),
    ),
  );
  return found.flatMap(({ rows }) => rows.map(({ key }) => key));
}

describe('a pass', () => {
  test.each([
    ['that is not encrypted', plainPayloads],
    ['under the key before', old],
  ])('encrypts what is stored %s in every table, and it says the same', async (_what, before) => {
    await store(before, '$a');
    expect(await pass(both)).toEqual({ rewritten: 6, goesOn: false });
    expect(await keys()).toEqual(PAYLOAD_COLUMNS.map(() => 'new'));
    const { store: tables } = storing(encryptedPayloads('new'));
    expect(await tables.waitingItems.takeWaiting(pool(), [REQUEST])).toMatchObject([
      { payload: { said: '$a' } },
    ]);
    expect((await tables.ghosts.findGhosts(pool(), [userId('$a')])).get(userId('$a'))?.displayName).toBe(
      '$a',
    );
    expect(
      await tables.messageLinks.findLinksOfCommunication(pool(), ref('Communication/1'), undefined),
    ).toMatchObject([{ digest: '$a' }]);
    const unread = { upTo: '9', olderThanSeconds: 0, most: 9 };
    expect(await tables.arrivals.takeUnreadArrivals(pool(), unread)).toMatchObject({
      ...{ events: [{ said: '$a' }], unreadable: [] },
    });
    const { rows } = await pool().query<{ id: string; stored: unknown }>(
      `select source_id as id, payload as stored from item
       union all select source_id, payload from dead_letter where source = 'test'`.replaceAll(
        'payload',
        'payload::text',
      ),
    );
    const only = encryptedPayloads('new');
    expect(
      rows.map(({ id, stored }) => only.decode(['item', 'test', id], JSON.parse(String(stored)))),
    ).toEqual([{ said: '$a' }, { said: '$a' }]);
  });

  test('finds nothing a second time', async () => {
    await store(plainPayloads, '$a');
    await pass(both);
    expect(await pass(both)).toEqual({ rewritten: 0, goesOn: false });
  });

  test('of many rows takes some and asks for another', async () => {
    await inTransaction(pool(), (tx) =>
      storing(old).enqueue(
        tx,
        Array.from({ length: 450 }, (_, n) => ({
          ...{ lane: 'a', source: 'test', sourceId: String(n), payload: { n } },
        })),
      ),
    );
    const passes = [await pass(both), await pass(both), await pass(both)];
    expect(passes).toEqual([
      { rewritten: 200, goesOn: true },
      { rewritten: 200, goesOn: true },
      { rewritten: 50, goesOn: false },
    ]);
  });

  test('leaves what was emptied as it is, and does not count it', async () => {
    await store(old, '$a');
    await forgetPayload(pool(), 'test', '$a');
    expect(await pass(both)).toEqual({ rewritten: PAYLOAD_COLUMNS.length - 1, goesOn: false });
    expect(await countUnderOtherKeys(pool(), both)).toEqual({});
    expect((await pool().query('select payload from item')).rows).toEqual([{ payload: {} }]);
  });

  test('leaves what stands under a key that it does not have', async () => {
    await store(encryptedPayloads('elsewhere'), '$a');
    expect(await pass(both)).toEqual({ rewritten: 0, goesOn: false });
    expect(await keys()).toEqual(PAYLOAD_COLUMNS.map(() => 'elsewhere'));
  });

  test('leaves a row that cannot be decrypted, does all others, and fails', async () => {
    await store(old, '$a');
    await store(old, '$b');
    const { rows } = await pool().query<{ text: string }>(
      `select payload::text as text from item where source_id = '$a'`,
    );
    await pool().query(`update item set payload = $1 where source_id = '$a'`, [altered(rows[0]?.text ?? '')]);
    await expect(pass(both)).rejects.toMatchObject({
      message: 'payload-unreadable: 1 rows, and maybe more',
    });
    expect(await countUnderOtherKeys(pool(), both)).toEqual({ old: 1 });
  });

  test('leaves a row that another transaction has in hand, and does not wait for it', async () => {
    await store(plainPayloads, '$a');
    await inTransaction(pool(), async (tx) => {
      await tx.query('select from item for update');
      expect(await pass(both)).toEqual({ rewritten: 5, goesOn: false });
    });
    expect(await pass(both)).toEqual({ rewritten: 1, goesOn: false });
  });
});

describe('the count of what stands under other keys', () => {
  test('names each key, and what is not encrypted', async () => {
    await store(plainPayloads, '$a');
    await store(old, '$b');
    await store(both, '$c');
    expect(await countUnderOtherKeys(pool(), both)).toEqual({ '(none)': 6, old: 6 });
    expect(await countUnderOtherKeys(pool(), old)).toEqual({ '(none)': 6, new: 6 });
  });

  test('without a key names what is encrypted', async () => {
    await store(plainPayloads, '$a');
    expect(await countUnderOtherKeys(pool(), plainPayloads)).toEqual({});
    await store(old, '$b');
    expect(await countUnderOtherKeys(pool(), plainPayloads)).toEqual({ old: 6 });
  });
});

test('of very many rows under the present key none is looked at', async () => {
  await pool().query(`insert into lane (key) values ('a')`);
  await pool().query(`insert into item (lane_id, position, source, source_id, payload)
    select (select id from lane), n, 'test', n, '"e1:new:AAAA"' from generate_series(1, 20000) as n`);
  await pool().query('analyze item');
  const [items] = PAYLOAD_COLUMNS;
  if (items === undefined) throw new TypeError('Expected the items');
  const plan = await planOf(pool(), async (db) => {
    await rewritePayloads(db, both, items, 200);
    await countUnderOtherKeys(db, both);
  });
  expect(plan).toContain('item_payload_key');
  expect(plan).not.toContain('Seq Scan on item');
});

test('every column that can hold all that somebody wrote, which is JSON, is one of those that are encrypted', async () => {
  const { rows } = await pool().query<{ place: string }>(
    `select table_name || '.' || column_name as place from information_schema.columns
     join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and table_type = 'BASE TABLE' and data_type in ('json', 'jsonb')`,
  );
  const encrypted = PAYLOAD_COLUMNS.flatMap(({ table, column, holds }) =>
    holds === 'json' ? [`${table}.${column}`] : [],
  );
  // Counts: of failures by their codes, and of what was forgotten of a person.
  const counts = ['lane.failed_with', 'forgetting.result'];
  expect(rows.map(({ place }) => place).toSorted()).toEqual([...encrypted, ...counts].toSorted());
});
