// With a key, nobody reads a message in the bridge's database: not while it waits, not when it was carried, not in a dead letter.
import { afterEach, describe, expect, test } from 'vitest';
import type { PayloadCodec } from '../../src/domain/stored-payload.ts';
import { NO_ORDER } from '../../src/matrix/push-order.ts';
import { createAtRestWorld, POISON } from '../builders/at-rest-world.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { dump } from '../builders/dump.ts';
import { stored } from '../builders/fhir.ts';
import { eventId, message, roomId } from '../builders/matrix.ts';
import { encryptedPayloads, plainPayloads } from '../builders/payloads.ts';

const pool = useBridgeDatabase();
/** In every message. */
const SECRET = 'Bloedsuiker';
const THREAD = { rel_type: 'm.replace', event_id: '$unknown' };

let ended: (() => Promise<unknown>) | undefined;
afterEach(() => ended?.());

/** Messages in every state that a message has in the database. @returns the tables that show what they say */
async function converse(payloads: PayloadCodec) {
  const world = await createAtRestWorld(pool(), payloads);
  ended = world.end;
  const { intake, fhir, sending } = world;
  const say = (id: string, over: object = {}) =>
    message({ event_id: eventId(id), content: { msgtype: 'm.text', body: `${SECRET} ${id}` }, ...over });
  const shown = async (): Promise<readonly string[]> => [
    ...new Set(
      (await dump(pool().options.connectionString))
        .filter(({ row }) => row.includes(SECRET))
        .map(({ table }) => table),
    ),
  ];
  const synced = (events: ReturnType<typeof message>[], arrivalsUpTo?: string) =>
    intake.synced({
      ...{ rooms: [{ roomId: events[0]?.room_id ?? roomId('!none:h'), events, setAside: [] }] },
      ...{ behind: [], receipts: [], invitations: [], since: 's0', position: 's1', arrivalsUpTo },
    });

  const found = { pushed: [], stored: [], carried: [] } as Record<string, readonly string[]>;
  await intake.pushed(
    { events: [say('$1'), say('$only', { room_id: roomId('!other:h') })], ...NOTHING },
    NO_ORDER,
  );
  found['pushed'] = await shown();
  await synced(
    [
      say('$1'),
      say('$2', {
        content: { msgtype: 'm.text', body: `${POISON} ${SECRET}` },
      }),
      // What it changes was never carried: it waits.
      say('$3', { content: { msgtype: 'm.text', body: `* ${SECRET}`, 'm.relates_to': THREAD } }),
    ],
    '999',
  );
  const written = await fhir.put('c1', { payload: [{ contentString: `${SECRET} c1` }] });
  await intake.pulled('Communication', [
    stored(written, '1', '2026-11-29T12:00:00Z', { payload: [{ contentString: `${SECRET} c1` }] }),
  ]);
  found['stored'] = await shown();
  await world.work(payloads);
  await world.settled();
  found['carried'] = await shown();
  return { found, fhir, sending, world };
}

const NOTHING = { setAside: [], receipts: [] };

describe('a message', () => {
  test('is found in the tables without a key: the search works', async () => {
    const { found } = await converse(plainPayloads);
    expect(found['pushed']).toEqual(['matrix_arrival']);
    expect(found['stored']).toEqual(['item']);
    expect(found['carried']).toEqual(['dead_letter', 'item', 'waiting_item']);
  });

  test('is in no column of no table with a key, and crosses all the same', async () => {
    const { found, fhir, sending } = await converse(encryptedPayloads('2026-12'));
    expect(found).toEqual({ pushed: [], stored: [], carried: [] });
    expect(fhir.writes).toContainEqual(expect.stringMatching(/^create Communication\//));
    expect(sending.events().map(({ content }) => content['body'])).toEqual([`${SECRET} c1`]);
    const kept = Map.groupBy(await dump(pool().options.connectionString), ({ table }) => table);
    // Of a short message the digest alone would tell what it says.
    for (const table of ['dead_letter', 'item', 'message_link', 'waiting_item'])
      expect(kept.get(table)?.every(({ row }) => /e1:2026-12:|,\{\},/.test(row))).toBe(true);
  });
});
