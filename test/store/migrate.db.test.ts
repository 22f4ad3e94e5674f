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

test('the nightly reconcile goes on from the night that it reached under its former name', async () => {
  await migrate(url);
  await query(`delete from migration where name = '0010_dead_letters.sql';
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
