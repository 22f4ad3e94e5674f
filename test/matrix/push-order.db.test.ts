// What is pushed in order is taken as it comes; whatever makes the order doubtful, `/sync` proves it first.
import { describe, expect, test } from 'vitest';
import type { RoomId } from '../../src/domain/ids.ts';
import { countArrivals } from '../../src/store/arrivals.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { eventId, message, roomId } from '../builders/matrix.ts';
import { createPushingHomeserver } from '../builders/pushing-homeserver.ts';
import { LENGTH, SEED, seeded } from '../builders/random.ts';
import { createHomeserverModel, createReaders } from '../builders/sync-world.ts';

const pool = useBridgeDatabase();
const ROOM = roomId('!room0:h');
const OTHER = roomId('!room1:h');
const inLane = (id: RoomId): Promise<readonly string[]> => itemsIn(pool(), `to-fhir:${id}`);

async function createWorld({ mayFail }: { readonly mayFail?: () => boolean } = {}) {
  await pool().query(
    `truncate room, room_behind, matrix_arrival, reader_cursor, item, lane, dead_letter, matrix_push cascade`,
  );
  await pool().query(
    `insert into room (reference, alias, room_id) values ('CommunicationRequest/0', '', $1), ('CommunicationRequest/1', '', $2)`,
    [ROOM, OTHER],
  );
  const model = createHomeserverModel(new Set([ROOM, OTHER]));
  const orFail = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    if (mayFail?.() === true) throw new BridgeError('matrix-unavailable', 'the answer is lost');
    return answer;
  };
  const readers = createReaders(pool(), {
    ...model.homeserver,
    sync: async (...question) => orFail(model.homeserver.sync(...question)),
  });
  const pushing = createPushingHomeserver(model.stream, async (body, order) => {
    await orFail(Promise.resolve());
    await readers.push(body, order);
    await orFail(Promise.resolve());
  });
  return { model, readers, pushing };
}

/** A world in which the order is proven, and a connection has carried a transaction. */
async function createProven() {
  const world = await createWorld();
  const { model, pushing, readers } = world;
  await readers.pass();
  model.sayIn(OTHER, 'before');
  await pushing.push(1);
  await readers.pass();
  return world;
}

test('what follows in order on the same connection is taken as it comes, without /sync', async () => {
  const { model, pushing } = await createProven();
  const asked = model.count.sync;
  for (const name of ['a', 'b', 'c']) {
    model.sayIn(ROOM, name);
    await pushing.push(1);
    expect(await inLane(ROOM)).toContain(eventId(`$${name}`));
  }
  expect(await inLane(ROOM)).toEqual(['$a', '$b', '$c']);
  expect(model.count.sync).toBe(asked);
});

test('receipts are taken as they come too, and only then', async () => {
  const { readers } = await createProven();
  const now = { number: 2, connectedAt: new Date(0) };
  const ephemeral = (event: string) => [
    {
      ...{ type: 'm.receipt', room_id: ROOM },
      content: { [event]: { 'm.read': { '@noor:h': { ts: 1_000 } } } },
    },
  ];
  const receipts = async () => (await pool().query('select event_id from receipt')).rows as unknown;
  await readers.push({ events: [], ephemeral: ephemeral('$a') }, now);
  expect(await receipts()).toEqual([{ event_id: '$a' }]);
  await readers.push({ events: [], ephemeral: ephemeral('$b') }, now);
  expect(await receipts()).toEqual([{ event_id: '$a' }]);
});

describe('the order is doubtful, and waits for /sync,', () => {
  test('before the first proof', async () => {
    const { model, pushing, readers } = await createWorld();
    await readers.pass();
    model.sayIn(ROOM, 'a');
    await pushing.push(1);
    expect(await inLane(ROOM)).toEqual([]);
    await readers.pass();
    expect(await inLane(ROOM)).toEqual(['$a']);
  });

  test('on a connection that was not there when the last transaction came: the homeserver may have lost its memory', async () => {
    const { model, pushing, readers } = await createProven();
    model.sayIn(ROOM, 'lost');
    await pushing.restart();
    model.sayIn(ROOM, 'after');
    await pushing.push(1);
    expect(await inLane(ROOM)).toEqual([]);
    await readers.pass();
    expect(await inLane(ROOM)).toEqual(['$lost', '$after']);
  });

  test('where a number is missing', async () => {
    const { model, pushing, readers } = await createProven();
    model.sayIn(ROOM, 'stranded');
    pushing.strand(1);
    model.sayIn(ROOM, 'after');
    await pushing.push(1);
    expect(await inLane(ROOM)).toEqual([]);
    await readers.pass();
    expect(await inLane(ROOM)).toEqual(['$stranded', '$after']);
  });

  test('also what follows in order, until it is proven', async () => {
    const { model, pushing, readers } = await createProven();
    await pushing.reconnect();
    for (const name of ['a', 'b', 'c']) {
      model.sayIn(ROOM, name);
      await pushing.push(1);
    }
    expect(await inLane(ROOM)).toEqual([]);
    await readers.pass();
    model.sayIn(ROOM, 'd');
    await pushing.push(1);
    expect(await inLane(ROOM)).toEqual(['$a', '$b', '$c', '$d']);
  });

  test('behind what waits in the same room; other rooms go on', async () => {
    const { model, pushing } = await createProven();
    await pool().query('insert into matrix_arrival (event_id, room_id, event) values ($1, $2, $3)', [
      '$earlier',
      ROOM,
      message({ event_id: eventId('$earlier'), room_id: ROOM }),
    ]);
    model.sayIn(ROOM, 'a');
    model.sayIn(OTHER, 'b');
    await pushing.push(2);
    expect([await inLane(ROOM), await inLane(OTHER)]).toEqual([[], ['$before', '$b']]);
  });

  test('where a transaction has a number that is none', async () => {
    const { model, readers } = await createProven();
    const [said] = model.sayIn(ROOM, 'a');
    await readers.push({ events: [said] }, { number: undefined, connectedAt: new Date(0) });
    expect(await inLane(ROOM)).toEqual([]);
  });
});

test(`whatever the homeserver loses, misplaces or sends again, every event comes once and in order (RANDOM_SEED=${SEED})`, async () => {
  for (let round = 0; round < 25 * LENGTH; round += 1)
    await playScene(seeded(SEED + round), `seed ${SEED}, round ${round}`);
});

async function playScene(random: () => number, name: string): Promise<void> {
  let faulty = false;
  const { model, pushing, readers } = await createWorld({ mayFail: () => faulty && random() < 0.1 });
  await readers.pass();
  faulty = true;
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  let said = 0;
  const say = (): void => {
    for (let many = upTo(3); many > 0; many -= 1)
      model.sayIn(random() < 0.5 ? ROOM : OTHER, `e${(said += 1)}`);
  };
  const push = (): Promise<void> => pushing.push(upTo(3));
  const pass = async (): Promise<void> => {
    await readers.pass();
  };
  // What happens often is there more than once.
  const steps: readonly (() => unknown)[] = [
    ...[say, say, say, push, push, push, push, pass, pass],
    () => Promise.allSettled([push(), pass()]),
    () => pushing.recover(),
    () => pushing.reconnect(),
    () => pushing.restart(),
    () => {
      pushing.strand(upTo(2));
    },
  ];
  for (let step = 0; step < 60; step += 1)
    await Promise.resolve(steps[Math.floor(random() * steps.length)]?.()).catch(() => undefined);
  faulty = false;
  await pushing.recover();
  for (let tries = 0; tries < 3; tries += 1) await readers.pass();
  // A push may come while the same event is being read: it is found to be known later.
  await pool().query(`update matrix_arrival set arrived_at = now() - interval '11 seconds'`);
  await readers.pass();
  expect(await countArrivals(pool()), name).toBe(0);
  for (const id of [ROOM, OTHER]) {
    const inRoom = model.stream.filter((event) => event.room_id === id).map(({ event_id }) => event_id);
    expect(await inLane(id), `${name}, ${id}`).toEqual(inRoom);
  }
}
