// The schema: brought up to date once, whoever starts, and never by an older bridge.
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { migrate, SchemaTooNewError } from '../../src/store/migrate.ts';
import { createScratchDatabase, type Database } from '../../stack/databases.ts';

const databases: Database[] = [];
let url = '';

beforeEach(async () => {
  const database = await createScratchDatabase(inject('adminUrl'));
  databases.push(database);
  ({ url } = database);
});
afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()));
});

async function query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

const knownMigrations = async (): Promise<readonly string[]> =>
  (await readdir(new URL('../../migrations/', import.meta.url)))
    .filter((name) => name.endsWith('.sql'))
    .sort();

const recorded = async (): Promise<readonly string[]> =>
  (await query<{ name: string }>('select name from migration order by name')).map(({ name }) => name);

test('five replicas that start on an empty database migrate it once', async () => {
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
  const known = await knownMigrations();
  expect(known.length).toBeGreaterThan(0);
  expect(applied.toSorted((a, b) => b.length - a.length)).toEqual([known, [], [], [], []]);
  expect(await recorded()).toEqual(known);
});

test('a database that is up to date is not changed', async () => {
  await migrate(url);
  expect(await migrate(url)).toEqual([]);
});

test('an older database gets only the missing migrations', async () => {
  await migrate(url);
  const known = await knownMigrations();
  const lacking = '0002_bridge.sql';
  await query(`delete from migration where name = '${lacking}'`);
  // Applied already in truth, so it fails now: what counts is that it alone is tried, and nothing recorded.
  await expect(migrate(url)).rejects.toThrow(/already exists/);
  expect(await recorded()).toEqual(known.filter((name) => name !== lacking));
});

test('rooms from before periods were recorded converge once', async () => {
  await migrate(url);
  await query(
    `alter table room drop column converge_at; delete from migration where name = '0007_periods.sql';
     insert into room (reference, alias, room_id) values ('CareTeam/1', '', '!made'), ('CareTeam/2', '', null)`,
  );
  expect(await migrate(url)).toEqual(['0007_periods.sql']);
  const due = await query('select reference from room where converge_at <= now()');
  expect(due).toEqual([{ reference: 'CareTeam/1' }]);
});

test('messages carried before there were links have one each, and what was held waits in its order', async () => {
  await migrate(url);
  await query(
    `drop table message_link cascade; drop table waiting_item cascade;
     drop function message_to_link, link_to_message, held_to_waiting, waiting_to_held cascade;
     delete from migration where name = '0011_message_links.sql';
     insert into message (origin, event_id, communication, room_id, digest, completed_at) values
       ('matrix', '$a', 'Communication/m-a', '!r', 'd', now()), ('fhir', null, 'Communication/1', '!r', null, null);
     insert into resource_version (reference, version_id, last_updated, origin) values
       ('Communication/8', '1', '2026-11-29T12:00:02Z', 'read'), ('Communication/9', '3', '2026-11-29T12:00:01Z', 'read');
     insert into held_communication (request, reference, version_id) values
       ('CommunicationRequest/1', 'Communication/8', '1'), ('CommunicationRequest/1', 'Communication/9', '3')`,
  );
  expect(await migrate(url)).toEqual(['0011_message_links.sql']);
  const link = { kind: 'text', part: 0, room_id: '!r' };
  const links =
    'select kind, part, cause, communication, event_id, room_id, digest from message_link order by id';
  expect(await query(links)).toEqual([
    { ...link, cause: '$a', communication: 'Communication/m-a', event_id: '$a', digest: 'd' },
    { ...link, cause: 'Communication/1', communication: 'Communication/1', event_id: null, digest: null },
  ]);
  expect(await query('select about, lane, payload from waiting_item order by sequence')).toMatchObject([
    { about: 'Communication/9', lane: 'to-matrix:CommunicationRequest/1', payload: { versionId: '3' } },
    { about: 'Communication/8', payload: { reference: 'Communication/8', versionId: '1' } },
  ]);
});

describe('a replica of the version before, beside this one, finds dead letters under their old name', () => {
  const write = `insert into parked_item
      (lane_id, lane_key, position, source, source_id, payload, received_at, attempts, error_code, error_message)
    select lane_id, lane.key, position, source, source_id, payload, received_at, 3, 'NEVER', 'never'
    from item join lane on lane.id = item.lane_id where lane_id = 1 and position = $1`;
  const take = `with taken as (
      delete from parked_item where id = 1 returning *
    ), forgotten as (
      delete from item using taken where item.lane_id = taken.lane_id and item.position = taken.position
    )
    select id::int, lane_key, position::int, source_id, attempts, error_code, parked_at, payload from taken`;
  const list = 'select id::int, source_id, parked_at from parked_item where id > 0 order by id';
  const count = 'select count(*)::int as count from parked_item';

  beforeEach(async () => {
    await migrate(url);
    await query(`insert into lane (key, tail) values ('a', 2);
      insert into item (lane_id, position, source, source_id, payload)
      values (1, 1, 'test', 'a-1', '{"a":"\\u0000"}'), (1, 2, 'test', 'a-2', '{}')`);
  });

  test('what it writes is read by the new name, and the other way round', async () => {
    await query(write.replace('$1', '1'));
    const now = await query('select id::int, source_id, given_up_at is not null as dated from dead_letter');
    expect(now).toEqual([{ id: 1, source_id: 'a-1', dated: true }]);
    await query(write.replace('parked_item', 'dead_letter').replace('$1', '2'));
    expect(await query(list)).toMatchObject([{ source_id: 'a-1' }, { id: 2, source_id: 'a-2' }]);
    expect(await query(count)).toEqual([{ count: 2 }]);
  });

  test('it takes them out as before', async () => {
    await query(write.replace('$1', '1'));
    expect(await query(take)).toEqual([
      {
        ...{ id: 1, lane_key: 'a', position: 1, source_id: 'a-1', attempts: 3, error_code: 'NEVER' },
        ...{ parked_at: expect.any(Date) as Date, payload: { a: '\0' } },
      },
    ]);
    expect(await query('select source_id from item')).toEqual([{ source_id: 'a-2' }]);
    expect(await query('select from dead_letter')).toEqual([]);
  });
});

test('the nightly reconcile goes on from the night that it reached under its former name', async () => {
  await migrate(url);
  await query(`delete from migration where name = '0010_dead_letters.sql'; drop view parked_item;
    alter table dead_letter rename to parked_item; alter table parked_item rename column given_up_at to parked_at;
    alter sequence dead_letter_id_seq rename to parked_item_id_seq;
    alter index dead_letter_pkey rename to parked_item_pkey;
    alter index dead_letter_lane_id_position_key rename to parked_item_lane_id_position_key;
    alter table parked_item rename constraint dead_letter_lane_id_fkey to parked_item_lane_id_fkey;
    alter table lane drop column delays;
    insert into reader_cursor (reader, position) values ('sweep', '2025-09-26'), ('matrix', 's1')`);
  expect(await migrate(url)).toEqual(['0010_dead_letters.sql']);
  const cursors = await query('select reader, position from reader_cursor order by reader');
  expect(cursors).toEqual([
    { reader: 'matrix', position: 's1' },
    { reader: 'nightly-reconcile', position: '2025-09-26' },
  ]);
});

test('a database of a newer bridge is refused with a clear error, and not changed', async () => {
  await migrate(url);
  await query("insert into migration (name) values ('9999_from_the_future.sql')");
  const refused = migrate(url);
  await expect(refused).rejects.toBeInstanceOf(SchemaTooNewError);
  await expect(refused).rejects.toThrow(/9999_from_the_future\.sql.*newer bridge.*backup/);
  expect(await recorded()).toContain('9999_from_the_future.sql');
});

describe('an older bridge that restarts while a newer one is rolled out', () => {
  const newer = async (name: string, compatibleWith: string | null): Promise<void> => {
    const value = compatibleWith === null ? 'null' : `'${compatibleWith}'`;
    await query(`insert into migration (name, compatible_with) values ('${name}', ${value})`);
  };

  test('goes on where the newer schema says that it is compatible with what the older one knows', async () => {
    await migrate(url);
    await newer('9998_from_the_future.sql', '0019_read_state.sql');
    await newer('9999_from_the_future.sql', '0022_passes_and_failures.sql');
    expect(await migrate(url)).toEqual([]);
  });

  test.each([
    ['says nothing', null],
    ['needs what the older one does not know', '9998_from_the_future.sql'],
  ])('is refused where one of the newer migrations %s', async (_, compatibleWith) => {
    await migrate(url);
    await newer('9998_from_the_future.sql', '0019_read_state.sql');
    await newer('9999_from_the_future.sql', compatibleWith);
    await expect(migrate(url)).rejects.toThrow(/\(9999_from_the_future\.sql\)/);
  });

  test('reads what each migration says of itself', async () => {
    await migrate(url);
    const said = await query(
      "select compatible_with from migration where name = '0022_passes_and_failures.sql'",
    );
    expect(said).toEqual([{ compatible_with: '0019_read_state.sql' }]);
  });
});

test('every migration since replicas read it says with which of those before it is compatible', async () => {
  const known = await knownMigrations();
  for (const name of known.filter((each) => each > '0019_read_state.sql')) {
    const sql = await readFile(new URL(`../../migrations/${name}`, import.meta.url), 'utf8');
    const [, before] = /^-- compatible-with: (\S+)$/m.exec(sql) ?? [];
    expect(known.slice(0, known.indexOf(name)), name).toContain(before);
  }
});
