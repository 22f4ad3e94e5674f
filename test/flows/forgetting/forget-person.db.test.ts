// A person is forgotten: in their rooms, on the homeserver, and in every table. On a real database, with a homeserver in memory.
import { beforeEach, describe, expect, test } from 'vitest';
import { adviceOf } from '../../../src/cli/person-forget-advice.ts';
import { dryReport, reportSoFar } from '../../../src/flows/forgetting/report.ts';
import { whomOf } from '../../../src/flows/forgetting/whom.ts';
import { presentGhostOf } from '../../../src/flows/people/desired-ghost.ts';
import { senderGhostFor } from '../../../src/flows/people/sender-ghost.ts';
import { TABLE_RULES } from '../../../src/store/personal-data.ts';
import { SETTINGS } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { userId } from '../../builders/matrix.ts';
import type { Fault } from '../../builders/forgetting-world.ts';
import {
  createForgettingWorld,
  EMAIL,
  findInDatabase,
  FOREIGN,
  GHOST,
  Killed,
  knowPerson,
  LEFT,
  NAME,
  OWN,
  PERSON,
  REQUEST,
  ROOM,
} from '../../builders/forgetting-world.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
type World = ReturnType<typeof createForgettingWorld>;

beforeEach(() => knowPerson(pool()));

async function reportOf({ bridge }: World) {
  const { id } = await whomOf(bridge, PERSON, never);
  const known = await bridge.store.forgettings.find(pool(), id);
  if (known === undefined) throw new TypeError('The person is not being forgotten');
  return reportSoFar(bridge, known);
}

const contentOf = ({ matrix }: World, id: string) =>
  matrix.events.find(({ event_id: eventId }) => eventId === id)?.content;

describe('of a person who is forgotten', () => {
  test('no name and no address is left in any table; those of others are', async () => {
    const world = createForgettingWorld(pool());
    for (const text of [NAME, OWN, EMAIL, 'stormvogel'])
      expect(await findInDatabase(pool(), text)).not.toEqual([]);
    await world.order();
    await world.work();
    for (const text of [NAME, EMAIL, 'stormvogel']) expect(await findInDatabase(pool(), text)).toEqual([]);
    // Only the account of another, which begins with the same letters.
    expect(await findInDatabase(pool(), `${OWN}"`)).toEqual([]);
    const tables = ['identity', 'identity_person', 'person', 'room_member'];
    expect(await findInDatabase(pool(), '@els:example.org')).toEqual(tables);
    expect(await findInDatabase(pool(), 'els@post.example')).toEqual(['identity', 'identity_hash']);
  });

  test('the ghost has left each room, and no event tells who it was, also where it was before', async () => {
    const world = createForgettingWorld(pool());
    await world.order(false);
    await world.work();
    expect([...world.matrix.joined.values()].some((who) => who.has(GHOST))).toBe(false);
    expect(contentOf(world, '$invited')).toEqual({ membership: 'invite' });
    expect(contentOf(world, '$joined')).toEqual({ membership: 'join' });
    expect(contentOf(world, '$mapped')).toEqual({});
    expect(contentOf(world, '$before')).toEqual({ membership: 'join' });
    expect(contentOf(world, '$accepted')).toEqual({ membership: 'join' });
    expect(contentOf(world, '$others')).toEqual({ membership: 'join', displayname: 'Els' });
  });

  test('what the ghost said stays, unless the operator wants it redacted, also later', async () => {
    const world = createForgettingWorld(pool());
    await world.order(false);
    await world.work();
    expect(contentOf(world, '$hello')).toEqual({ body: `${NAME} says hello` });
    await world.order(true);
    await world.work();
    expect([contentOf(world, '$hello'), contentOf(world, '$again')]).toEqual([{}, {}]);
  });

  test('the ghost’s account is deactivated; where the homeserver shows its name still, that is removed', async () => {
    const world = createForgettingWorld(pool());
    world.matrix.state.mayDeactivate = false;
    await world.order();
    await world.work();
    expect(world.matrix.profiles.get(GHOST)).toEqual({ displayname: '', avatar_url: '' });
    const report = await reportOf(world);
    expect(report.ghosts).toEqual({ [GHOST]: 'refused' });
    expect(adviceOf(report).toDo.map(({ what }) => what)).toContain(
      `POST /_synapse/admin/v1/deactivate/${encodeURIComponent(GHOST)} with {"erase": true}`,
    );
  });

  test('the report tells what was done, by ids and numbers alone, and what the bridge may not do', async () => {
    const world = createForgettingWorld(pool());
    await world.order();
    expect(await reportOf(world)).toMatchObject({ state: 'under-way', ghosts: { [GHOST]: 'there' } });
    await world.work();
    const report = await reportOf(world);
    expect(report).toMatchObject({
      ...{ state: 'done', accounts: [], ghosts: { [GHOST]: 'deactivated' } },
      conversations: [{ conversation: REQUEST, messages: 3 }],
      rooms: [
        { roomId: FOREIGN, messages: 0, events: 1, refused: 1, outOfReach: false, done: true },
        { roomId: LEFT, messages: 0, events: 1, refused: 0, outOfReach: false, done: true },
        { roomId: ROOM, messages: 2, events: 3, refused: 0, outOfReach: false, done: true },
      ],
    });
    expect(report.rows).toMatchObject({ person: 1, ghost: 1, item: 3, dead_letter: 1, message_link: 1 });
    expect(
      adviceOf(report)
        .toDo.map(({ what }) => what)
        .join('\n'),
    ).toContain(`redact what is left in ${FOREIGN}`);
    expect(JSON.stringify(report)).not.toMatch(/stormvogel|@jan/i);
  });

  test('the dry run tells the same, and changes nothing', async () => {
    const world = createForgettingWorld(pool());
    const { bridge } = world;
    const dump = async (): Promise<unknown> =>
      (await pool().query<object>('select * from person, ghost, message_link, item order by 1, 2, source_id'))
        .rows;
    const before = await dump();
    const dry = await dryReport(bridge, await whomOf(bridge, PERSON, never), never);
    expect(await dump()).toEqual(before);
    expect(dry).toMatchObject({ state: 'dry-run', accounts: [OWN], ghosts: { [GHOST]: 'there' } });
    await world.order();
    // Who was a member is taken out with the order.
    expect({ ...dry.rows, room_member: 0 }).toMatchObject({ person: 1 });
    await world.work();
    const { room_member: _, ...rows } = dry.rows;
    expect((await reportOf(world)).rows).toEqual(rows);
  });

  test('an event that bears the name and is on its way into the log is waited for', async () => {
    const world = createForgettingWorld(pool());
    const event = { unsigned: { prev_content: { displayname: NAME } } };
    await pool().query(`insert into matrix_arrival (event_id, room_id, event) values ('$late', $1, $2)`, [
      ...[ROOM, event],
    ]);
    await world.order();
    expect(await world.work()).toBe('later 1000');
    expect(await reportOf(world)).toMatchObject({ state: 'under-way' });
    await pool().query('delete from matrix_arrival');
    expect(await world.work()).toBe('done');
    expect(await reportOf(world)).toMatchObject({ state: 'done', rows: { item: 3 } });
  });

  test('the person may be named by an account of theirs', async () => {
    const { bridge } = createForgettingWorld(pool());
    expect(await whomOf(bridge, OWN, never)).toEqual(await whomOf(bridge, PERSON, never));
    const nobodys = userId('@passer-by:example.org');
    expect(await whomOf(bridge, nobodys, never)).toMatchObject({
      people: [],
      accounts: [nobodys],
      ghosts: [],
    });
  });

  test('done again, nothing changes, and nothing that was done is forgotten', async () => {
    const world = createForgettingWorld(pool());
    await world.order();
    await world.work();
    const first = await reportOf(world);
    await world.order();
    await world.work();
    expect(await reportOf(world)).toEqual(first);
  });
});

describe('a run that dies', () => {
  const MOST = { request: 23, commit: 6 };
  /** After each request, and instead of each commit of the command and of the items. */
  const faults: readonly Fault[] = (['request', 'commit'] as const).flatMap((what) =>
    Array.from({ length: MOST[what] }, (_, index) => ({ what, at: index + 1 })),
  );

  test('has no more steps than are tried', async () => {
    const world = createForgettingWorld(pool());
    await world.order();
    await world.work();
    expect({ request: world.matrix.state.requests, commit: world.commits() }).toEqual(MOST);
  });

  test.each(faults)('with $what $at and is made again ends as if it had not', async (fault) => {
    const world = createForgettingWorld(pool(), fault);
    const attempt = async (step: () => Promise<unknown>): Promise<void> => {
      await step().catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
    };
    for (let run = 0; run < 2; run += 1) {
      await attempt(world.order);
      await attempt(world.work);
      await attempt(world.work);
    }
    for (const text of [NAME, EMAIL, `${OWN}"`]) expect(await findInDatabase(pool(), text)).toEqual([]);
    expect([...world.matrix.joined.values()].some((who) => who.has(GHOST))).toBe(false);
    expect(world.matrix.events.filter(({ content }) => JSON.stringify(content).includes(NAME))).toEqual([
      expect.objectContaining({ event_id: '$invite' }),
    ]);
    expect([...world.matrix.deactivated]).toEqual([GHOST]);
    expect(await reportOf(world)).toMatchObject({ state: 'done', ghosts: { [GHOST]: 'deactivated' } });
  });
});

describe('a ghost that was given up', () => {
  test('is never used again: who comes back gets another', async () => {
    const world = createForgettingWorld(pool());
    await world.order();
    await world.work();
    expect(await presentGhostOf(world.bridge, PERSON)).not.toBe(GHOST);
  });

  test('is given up from the order on: what the person says meanwhile is another’s', async () => {
    const world = createForgettingWorld(pool());
    await world.order();
    const registered: string[] = [];
    const bridge = {
      ...world.bridge,
      settings: SETTINGS,
      fhir: { ...world.bridge.fhir, readMany: () => Promise.resolve(new Map()) },
      homeserver: {
        ...world.bridge.homeserver,
        registerGhost: (id: string) => Promise.resolve(void registered.push(id)),
        setDisplayName: () => Promise.resolve(),
      },
    };
    const speaker = await senderGhostFor(bridge, PERSON, never);
    expect(speaker).not.toBe(GHOST);
    expect(registered).toEqual([speaker]);
  });
});

describe('the list of where personal data lies', () => {
  test('names every table of the database, and no other', async () => {
    const { rows } = await pool().query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
    );
    const named = new Set(TABLE_RULES.map(({ table }) => table));
    expect([...named].sort()).toEqual(rows.map(({ name }) => name));
  });
});
