// Catching up on a real database: in whatever way it is interrupted, everything comes once, in order, and in small transactions.
import { describe, expect, test } from 'vitest';
import type { RoomAlias, RoomId } from '../../src/domain/ids.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { MatrixRefusal } from '../../src/matrix/client.ts';
import { MATRIX_READER } from '../../src/flows/reader-names.ts';
import { countArrivals } from '../../src/store/arrivals.ts';
import { readCursor } from '../../src/store/cursors.ts';
import { reserveRoom, saveRoomId } from '../../src/store/rooms.ts';
import { countBehind } from '../../src/store/rooms-behind.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { roomId } from '../builders/matrix.ts';
import { LENGTH, SEED, seeded } from '../builders/random.ts';
import { ageCursor, createHomeserverModel, createReaders, type Transact } from '../builders/sync-world.ts';
import { withQuery } from '../builders/watched-client.ts';

const pool = useBridgeDatabase();
const away = new BridgeError('matrix-unavailable', 'the homeserver answers 502');

async function bridged(count: number): Promise<readonly RoomId[]> {
  const ids = Array.from({ length: count }, (_, index) => roomId(`!room${index}:h`));
  await pool().query(
    `insert into room (reference, alias, room_id)
     select 'CommunicationRequest/' || ordinal, '', id from unnest($1::text[]) with ordinality as given (id, ordinal)`,
    [ids],
  );
  return ids;
}

const inLane = (id: RoomId): Promise<readonly string[]> => itemsIn(pool(), `to-fhir:${id}`);
const dueNow = () => pool().query('update room_behind set due_at = now()');

/** Runs transactions whose statements may be counted, and may fail. */
function watched(each: (statement: string, values: readonly unknown[]) => void): Transact {
  return (work) =>
    inTransaction(pool(), (tx) => {
      const query = (statement: string, values: unknown[] = []): Promise<unknown> => {
        each(statement, values);
        return tx.query(statement, values);
      };
      return work(withQuery(tx, query));
    });
}

test(`whatever fails in between, every event of every room comes once and in order (RANDOM_SEED=${SEED})`, async () => {
  for (let round = 0; round < 12 * LENGTH; round += 1) {
    await pool().query(
      'truncate room, room_behind, matrix_arrival, reader_cursor, item, lane, dead_letter cascade',
    );
    await playScene(seeded(SEED + round), `seed ${SEED}, round ${round}`);
  }
});

async function playScene(random: () => number, name: string): Promise<void> {
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const ids = await bridged(3);
  // In one room the bot is, though no resource has it yet.
  const all = [...ids, roomId('!unbridged:h')];
  const model = createHomeserverModel(new Set(all), { limit: upTo(5), pageSize: upTo(4) });
  let faulty = true;
  const mayFail = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    if (faulty && random() < 0.2) throw away;
    const given = await answer;
    if (faulty && random() < 0.1) throw away;
    return given;
  };
  const readers = createReaders(
    pool(),
    {
      sync: (...question) => mayFail(model.homeserver.sync(...question)),
      changedRooms: (...question) => mayFail(model.homeserver.changedRooms(...question)),
      messagesAfter: (...question) => mayFail(model.homeserver.messagesAfter(...question)),
    },
    watched(() => {
      if (faulty && random() < 0.03) throw new Error('the process died here');
    }),
  );
  faulty = false;
  await readers.pass();
  faulty = true;
  let said = 0;
  const any = (): RoomId => all[Math.floor(random() * all.length)] ?? roomId('!room0:h');
  const steps: readonly (() => Promise<unknown>)[] = [
    () => {
      for (let many = upTo(6); many > 0; many -= 1) model.sayIn(any(), `e${(said += 1)}`);
      return Promise.resolve();
    },
    () => {
      const recent = model.stream.slice(-10).filter((event) => ids.includes(event.room_id));
      return readers.push({ events: recent.filter(() => random() < 0.5).toSorted(() => random() - 0.5) });
    },
    readers.pass,
    readers.readOn,
    dueNow,
    () => (random() < 0.3 ? ageCursor(pool(), 20) : Promise.resolve()),
    () => Promise.allSettled([readers.pass(), readers.readOn()]),
  ];
  for (let step = 0; step < 60; step += 1)
    await steps[Math.floor(random() * steps.length)]?.().catch(() => undefined);
  faulty = false;
  for (let tries = 0; tries < 4; tries += 1) {
    await dueNow();
    await readers.pass();
    await readers.readOn().catch(() => undefined);
  }
  // A push may come while the same event is being read: it is found to be known later.
  await pool().query(`update matrix_arrival set arrived_at = now() - interval '11 seconds'`);
  await readers.pass();
  expect([await countBehind(pool()), await countArrivals(pool())], name).toEqual([0, 0]);
  for (const id of all) {
    const inRoom = model.stream.filter((event) => event.room_id === id).map(({ event_id }) => event_id);
    expect(await inLane(id), `${name}, ${id}`).toEqual(inRoom);
  }
}

describe('two days away, with 5,000 rooms in which something was said', () => {
  /** How many values the largest statement had, of those that store and those that remove. */
  async function catchUp(awayMinutes: number) {
    const ids = await bridged(5_000);
    const model = createHomeserverModel(new Set(ids));
    let rowsAtOnce = 0;
    let transactions = 0;
    const readers = createReaders(pool(), model.homeserver, (work) => {
      transactions += 1;
      return watched((_, values) => {
        for (const value of values) if (Array.isArray(value)) rowsAtOnce = Math.max(rowsAtOnce, value.length);
      })(work);
    });
    await readers.pass();
    for (const [index, id] of ids.entries()) model.sayIn(id, `${index}a`, `${index}b`);
    await ageCursor(pool(), awayMinutes);
    return { ...readers, ids, model, figures: () => ({ rowsAtOnce, transactions }) };
  }

  test('no answer holds what was said, no transaction has more than 500 rows, and each room is stored by itself', async () => {
    const { pass, readOn, model, figures } = await catchUp(2 * 24 * 60);
    const asked = { ...model.count };
    await pass();
    expect([model.count.changedRooms - asked.changedRooms, await countBehind(pool())]).toEqual([1, 5_000]);
    expect(figures().rowsAtOnce).toBe(500);
    const before = figures().transactions;
    expect(await readOn()).toBe(200);
    // Each of 200 rooms has a page, and is asked once more whether there is another.
    expect([figures().transactions - before, await countBehind(pool())]).toEqual([400, 4_800]);
    expect(await inLane(roomId('!room0:h'))).toEqual(['$0a', '$0b']);
  });

  test('also where all of it is shown in one answer, a transaction has 500 rows at most', async () => {
    const { pass, ids, figures } = await catchUp(5);
    expect(await pass()).toBe(10_000);
    expect(figures().rowsAtOnce).toBe(500);
    expect(await inLane(ids[4_999] ?? roomId(''))).toEqual(['$4999a', '$4999b']);
  });

  test('interrupted, the next try has less to do: what is stored is not stored again', async () => {
    const { pass, readOn, model } = await catchUp(2 * 24 * 60);
    await pass();
    await readOn();
    const { pages } = model.count;
    // The position has moved: what was said in 5,000 rooms is not asked for again.
    expect(await pass()).toBe(0);
    await readOn();
    expect([await countBehind(pool()), model.count.pages - pages]).toEqual([4_600, 400]);
  });
});

describe('a room that the homeserver cannot show, though it shows all others', () => {
  async function stuck(error: BridgeError) {
    const ids = await bridged(3);
    const [broken = roomId(''), ...others] = ids;
    const model = createHomeserverModel(new Set(ids), { limit: 1 });
    const { messagesAfter } = model.homeserver;
    let isBroken = true;
    model.homeserver.messagesAfter = (as, id, ...rest) =>
      isBroken && id === broken ? Promise.reject(error) : messagesAfter(as, id, ...rest);
    const readers = createReaders(pool(), model.homeserver);
    await readers.pass();
    for (const id of ids) model.sayIn(id, `${id} 1`, `${id} 2`);
    await readers.pass();
    const mend = (): void => {
      isBroken = false;
    };
    return { ...readers, model, broken, others, mend };
  }
  const setAside = async () =>
    (
      await pool().query<{ source_id: string }>(`select source_id from item where source = 'set-aside'`)
    ).rows.map((row) => row.source_id);

  test('keeps no other waiting, and neither does what is said in it meanwhile', async () => {
    const { readOn, pass, model, broken, others, mend, log } = await stuck(away);
    await readOn();
    model.sayIn(broken, 'meanwhile');
    for (const id of others) model.sayIn(id, `${id} 3`);
    await pass();
    for (const id of others) expect(await inLane(id)).toEqual([1, 2, 3].map((said) => `$${id} ${said}`));
    expect(await inLane(broken)).toEqual([]);
    expect(log.lines).toMatchObject([
      { level: 'warn', fields: { roomId: broken, code: 'matrix-unavailable' } },
    ]);
    mend();
    await dueNow();
    await readOn();
    expect(await inLane(broken)).toEqual([...[1, 2].map((said) => `$${broken} ${said}`), '$meanwhile']);
  });

  test('is asked more and more rarely, and the job fails as long as it is so', async () => {
    const { readOn, mend } = await stuck(away);
    const delays: number[] = [];
    for (let failures = 1; failures <= 9; failures += 1) {
      const ended = readOn();
      if (failures < 3) await ended;
      else await expect(ended).rejects.toThrow('rooms that cannot be read: 1');
      const { rows } = await pool().query<{ delay: number }>(
        'select round(extract(epoch from due_at - now()))::int as delay from room_behind',
      );
      delays.push(rows[0]?.delay ?? 0);
      await dueNow();
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600]);
    mend();
    expect(await readOn()).toBe(1);
  });

  test('is set aside when its time is up, and followed again from there', async () => {
    const { readOn, pass, model, broken } = await stuck(away);
    await readOn();
    await pool().query(`update room_behind set due_at = now(), failing_since = now() - interval '72 hours'`);
    await readOn();
    expect(await setAside()).toEqual([`matrix.event ${broken} 0`]);
    model.sayIn(broken, 'after');
    await pass();
    expect(await inLane(broken)).toEqual(['$after']);
  });

  test('is set aside at once where the bot was put out of it', async () => {
    const { readOn, broken } = await stuck(new MatrixRefusal('read messages', 403, 'M_FORBIDDEN', undefined));
    await readOn();
    expect([await setAside(), await countBehind(pool())]).toEqual([[`matrix.event ${broken} 0`], 0]);
  });

  test('a homeserver that shows no room at all is not asked for all of them in one pass', async () => {
    const ids = await bridged(50);
    const model = createHomeserverModel(new Set(ids));
    model.homeserver.messagesAfter = () => {
      model.count.pages += 1;
      return Promise.reject(away);
    };
    const { pass, readOn } = createReaders(pool(), model.homeserver);
    await pass();
    for (const id of ids) model.sayIn(id, `${id} 1`);
    await ageCursor(pool(), 20);
    await pass();
    await readOn();
    expect(model.count.pages).toBeLessThan(15);
  });
});

test('the position of a pass that is interrupted stays where it was, and the rooms before it are stored', async () => {
  const ids = await bridged(1_200);
  const model = createHomeserverModel(new Set(ids));
  let dies = false;
  let transactions = 0;
  const { pass } = createReaders(pool(), model.homeserver, (work) => {
    transactions += 1;
    if (dies && transactions === 3) return Promise.reject(new Error('the process died here'));
    return inTransaction(pool(), work);
  });
  await pass();
  for (const id of ids) model.sayIn(id, `${id} 1`);
  [dies, transactions] = [true, 0];
  await expect(pass()).rejects.toThrow('died');
  expect(await readCursor(pool(), MATRIX_READER)).toBe('0');
  const stored = async () => (await pool().query('select from item')).rowCount;
  expect(await stored()).toBe(1_000);
  dies = false;
  expect(await pass()).toBe(200);
  expect(await stored()).toBe(1_200);
});

test('an adopted room of which no resource knows yet is read on like any other', async () => {
  const unknown = roomId('!unknown:h');
  await reserveRoom(pool(), ref('CommunicationRequest/1'), '#a:h' as RoomAlias);
  await saveRoomId(pool(), ref('CommunicationRequest/1'), roomId('!room:h'));
  const model = createHomeserverModel(new Set([unknown]), { limit: 1 });
  const { pass, push, readOn } = createReaders(pool(), model.homeserver);
  await pass();
  const [, second] = model.sayIn(unknown, 'first', 'second');
  await push({ events: [second] });
  await pass();
  expect(await inLane(unknown)).toEqual([]);
  await readOn();
  expect(await inLane(unknown)).toEqual(['$first', '$second']);
});
