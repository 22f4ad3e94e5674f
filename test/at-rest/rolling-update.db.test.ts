// Replicas with and without a key, as while the key is rolled out: what one cannot read waits for another, and is never given up.
import { afterEach, describe, expect, test } from 'vitest';
import { createAtRestWorld } from '../builders/at-rest-world.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { eventId, message, roomId } from '../builders/matrix.ts';
import { encryptedPayloads, plainPayloads, storing } from '../builders/payloads.ts';
import { REQUEST, ROOM } from '../builders/relay-world.ts';
import { eventually } from '../inbox/support/time.ts';

const pool = useBridgeDatabase();
const keyed = encryptedPayloads('2026-12');
/** Each try takes some seconds, and any replica may make it: so many tries are not all made by those without the key. */
const PATIENCE_MS = 55_000;

let ended: (() => Promise<unknown>) | undefined;
afterEach(() => ended?.());

async function createScene() {
  const world = await createAtRestWorld(pool(), keyed);
  ended = world.end;
  const says = (...names: string[]) =>
    world.intake.synced({
      rooms: [
        {
          ...{ roomId: ROOM, setAside: [] },
          events: names.map((name) =>
            message({ event_id: eventId(name), content: { msgtype: 'm.text', body: name } }),
          ),
        },
      ],
      ...{ behind: [], receipts: [], invitations: [], since: 's0', position: 's1', arrivalsUpTo: undefined },
    });
  const failing = async (): Promise<readonly string[]> => {
    const { rows } = await pool().query<{ last_error_code: string }>(
      'select last_error_code from lane where attempts > 0',
    );
    return rows.map((row) => row.last_error_code);
  };
  const deadLetters = async () => (await pool().query('select from dead_letter')).rowCount;
  const recorded = () =>
    [...world.fhir.stored.values()].flatMap(({ resourceType, ...resource }) =>
      resourceType === 'Communication' && 'payload' in resource
        ? [(resource.payload as { contentString: string }[])[0]?.contentString]
        : [],
    );
  return { ...world, says, failing, deadLetters, recorded };
}

describe('a replica without the key', () => {
  test('retries what it cannot read, names the key, and gives nothing up; one with the key carries it in order', async () => {
    const { says, work, settled, failing, deadLetters, recorded } = await createScene();
    await work(plainPayloads);
    await says('$1', '$2', '$3');
    await eventually(async () => (await failing()).length > 0);
    expect(await failing()).toEqual(['payload-key-missing']);
    const { rows } = await pool().query('select last_error_message from lane where attempts > 0');
    expect(rows).toEqual([
      { last_error_message: 'payload-key-missing: database.encryptionKeys has no key 2026-12' },
    ]);
    expect(recorded()).toEqual([]);
    await work(keyed);
    await eventually(() => recorded().length === 3, PATIENCE_MS);
    await settled();
    expect(recorded()).toEqual(['$1', '$2', '$3']);
    expect(await deadLetters()).toBe(0);
  });

  test('beside one with the key: everything is carried, whichever has it first', async () => {
    const { says, work, failing, deadLetters, recorded } = await createScene();
    await Promise.all([work(plainPayloads), work(plainPayloads)]);
    const [first = '', ...rest] = Array.from({ length: 20 }, (_, n) => `$${n}`);
    await says(first);
    await eventually(async () => (await failing()).length > 0);
    await work(keyed);
    for (const name of rest) await says(name);
    await eventually(() => recorded().length === 1 + rest.length, PATIENCE_MS);
    expect(recorded()).toEqual([first, ...rest]);
    expect(await deadLetters()).toBe(0);
  });

  test('leaves arrivals that it cannot read to the reader of one with the key, and takes the others', async () => {
    const event = (name: string) => message({ event_id: eventId(name), room_id: roomId('!other:h') });
    const unread = { upTo: '9', olderThanSeconds: 0, most: 9 };
    const [without, with_] = [plainPayloads, keyed].map((codec) => storing(codec).store.arrivals);
    await with_?.saveArrivals(pool(), [event('$1')]);
    await without?.saveArrivals(pool(), [event('$2')]);
    expect(await without?.takeUnreadArrivals(pool(), unread)).toEqual({
      ...{ events: [event('$2')], unreadable: [] },
    });
    expect(await without?.awaitsPass(pool(), '9')).toBe(false);
    expect(await with_?.awaitsPass(pool(), '9')).toBe(true);
    expect(await with_?.takeUnreadArrivals(pool(), unread)).toEqual({
      ...{ events: [event('$1')], unreadable: [] },
    });
  });

  test('does not take what waits and cannot be read: the transaction is rolled back', async () => {
    const [without, with_] = [plainPayloads, keyed].map((codec) => storing(codec).store.waitingItems);
    await with_?.saveWaiting(pool(), REQUEST, { about: 'Communication/1', lane: 'a', payload: {} });
    const taken = (async () => {
      const client = await pool().connect();
      try {
        await client.query('begin');
        return await without?.takeWaiting(client, [ref(REQUEST)]);
      } finally {
        await client.query('rollback');
        client.release();
      }
    })();
    await expect(taken).rejects.toMatchObject({ code: 'payload-key-missing' });
    expect(await with_?.takeWaiting(pool(), [REQUEST])).toMatchObject([{ about: 'Communication/1' }]);
  });
});

test('an arrival that was altered is set aside by its id, and the others go on', async () => {
  const event = (name: string) => message({ event_id: eventId(name), room_id: roomId('!other:h') });
  const { arrivals } = storing(keyed).store;
  await arrivals.saveArrivals(pool(), [event('$1'), event('$2')]);
  await pool().query(
    `update matrix_arrival set event = to_jsonb('e1:2026-12:AAAA'::text) where event_id = '$1'`,
  );
  expect(await arrivals.takeUnreadArrivals(pool(), { upTo: '9', olderThanSeconds: 0, most: 9 })).toEqual({
    ...{ events: [event('$2')], unreadable: ['$1'] },
  });
});
