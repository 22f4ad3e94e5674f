// The schema: brought up to date once, whoever starts, and never by an older bridge.
import pg from 'pg';
import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { knownMigrations, migrate, SchemaTooNewError } from '../../src/store/migrate.ts';
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

test('a database of a newer bridge is refused with a clear error, and not changed', async () => {
  await migrate(url);
  await query("insert into migration (name) values ('9999_from_the_future.sql')");
  const refused = migrate(url);
  await expect(refused).rejects.toBeInstanceOf(SchemaTooNewError);
  await expect(refused).rejects.toThrow(/9999_from_the_future\.sql.*newer bridge.*backup/);
  expect(await recorded()).toContain('9999_from_the_future.sql');
});
