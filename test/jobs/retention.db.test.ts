// What bounds every table: the page names all of them, and what is to be pruned after a time is, and nothing else.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { pruneInbox } from '../../src/jobs/prune-inbox.ts';
import { pruneTraces } from '../../src/jobs/prune-traces.ts';
import { prune, PRUNINGS } from '../../src/store/prunings.ts';
import { createBridge } from '../builders/bridge.ts';
import { LEAST } from '../builders/config.ts';
import { useBridgeDatabase } from '../builders/database.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const DAY_MS = 24 * 60 * 60 * 1_000;
const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The rows of the page, by table. */
const PAGE = new Map(
  textOf('docs/reference/retention.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, table = '', what = '', personal = '', kept = '', by = '']) => [
      table.replaceAll('`', ''),
      { what, personal, kept, by },
    ]),
);

describe('the page on retention', () => {
  test('names every table of the schema, and no other', async () => {
    const { rows } = await pool().query<{ tablename: string }>(
      `select tablename from pg_tables where schemaname = 'public' order by tablename`,
    );
    expect([...PAGE.keys()]).toEqual(rows.map(({ tablename }) => tablename));
  });

  test('says of each what is in it, whether it is personal, and how long it is kept', () => {
    for (const [table, { what, personal, kept }] of PAGE)
      for (const cell of [what, personal, kept]) expect(cell, table).not.toBe('');
  });

  test('names jobs and keys that there are', () => {
    const jobs = readdirSync(new URL('../../src/jobs', import.meta.url))
      .map((file) => textOf(`src/jobs/${file}`))
      .join('\n')
      .concat(textOf('src/flows/reader-names.ts'));
    for (const { by } of PAGE.values())
      for (const [, name = ''] of by.matchAll(/`([\w:-]+)(?:<\w+>)?`/g)) expect(jobs).toContain(name);
    const reference = textOf('docs/reference/configuration.md');
    for (const { kept } of PAGE.values())
      for (const [key] of kept.matchAll(/`\w+\.\w+`/g)) expect(reference).toContain(key);
  });

  test('names what each pruning goes by', () => {
    for (const { table, keptFor } of PRUNINGS) {
      expect(PAGE.get(table)?.by, table).toContain('`prune-traces`');
      expect(PAGE.get(table)?.kept, table).toContain(`\`retention.${keptFor.replace(/Ms$/, 'Days')}\``);
    }
  });

  test('is found from the page that explains how the log works, and from the README', () => {
    expect(textOf('docs/explanation/ordered-log.md')).toContain('(../reference/retention.md)');
    expect(textOf('README.md')).toContain('(docs/reference/retention.md)');
  });
});

/** Rows of each table that are as old as $1; `n` is the number of the row. */
const ROWS: Readonly<Record<string, string>> = {
  notice: `(room_id, user_id, reason, said_at) select '!r', '@' || n, 'sender-held', $1::timestamptz`,
  untold_message: `(event_id, reason, room_id, user_id, since) select '$' || n, 'not-filed', '!r', '@n', $1::timestamptz`,
  reported_failure: `(message, reason, reported_at) select 'Communication/' || n, 'no-content', $1::timestamptz`,
  file_copy: `(id, since) select n::text, $1::timestamptz`,
  receipt: `(room_id, user_id, event_id, read_at, arrived_at) select '!r', '@' || n, '$e', now(), $1::timestamptz`,
  resource_version: `(reference, version_id, last_updated, origin) select 'Task/' || n, '1', $1::timestamptz, 'written'`,
  invitation: `(room_id, user_id, event_id, inviter, subject, received_at)
    select '!r', '@' || n, '$' || n, '@i', 'Patient/1', $1::timestamptz`,
  adopted_room: `(room_id, care_team, listed_by, listed_at) select '!' || n, 'CareTeam/1', '@l', $1::timestamptz`,
  former_account: `(reference, user_id, until) select 'Patient/' || n, '@' || n, $1::timestamptz`,
  job_pass: `(job, passed_at) select n::text, $1::timestamptz`,
  identity_accepted_policy: `(user_id, url, accepted_at) select '@' || n, 'https://policy', $1::timestamptz`,
  stranger: `(reference, user_id, seen_at) select 'CommunicationRequest/live', '@' || n, $1::timestamptz`,
  message_link: `(origin, cause, kind, room_id)
    select 'fhir', n::text, 'text', case when $1::timestamptz < now() - interval '1 day' then '!gone' else '!young' end`,
  read_position: `(conversation, person, event_id, read_at)
    select case when $1::timestamptz < now() - interval '1 day' then 'CommunicationRequest/gone' else 'CommunicationRequest/young' end,
      'Patient/' || n, '$e', now()`,
};

/** Rooms: one is as always, one has lost its resource long ago, one has lost it a moment ago. */
async function makeRooms(): Promise<void> {
  await pool().query(`insert into room (reference, alias, room_id, phase, gone_since) values
    ('CommunicationRequest/live', '', '!live', 'open', null),
    ('CommunicationRequest/gone', '', '!gone', 'closed', now() - interval '10 years'),
    ('CommunicationRequest/young', '', '!young', 'closed', now())`);
}

async function fill(table: string, at: Date, from: number, to: number): Promise<void> {
  await pool().query(`insert into ${table} ${ROWS[table] ?? ''} from generate_series(${from}, ${to}) as n`, [
    at,
  ]);
}

const countOf = async (table: string): Promise<number | null> =>
  (await pool().query(`select from ${table}`)).rowCount;

async function createJobs() {
  const config = await loadConfig(undefined, LEAST);
  const bridge = createBridge(pool(), { clock: { now: () => new Date(), monotonicMs: () => 0 } });
  return {
    retention: config.retention,
    traces: pruneTraces(bridge, config),
    inbox: pruneInbox(bridge, config),
  };
}

describe('rows that are old enough go, whoever goes on with it; younger ones stay', () => {
  test.each(PRUNINGS.map((pruning) => [pruning.table, pruning] as const))('%s', async (table, pruning) => {
    const { retention, traces } = await createJobs();
    await makeRooms();
    const keptMs = retention[pruning.keptFor];
    const now = Date.now();
    const [old, young] = [new Date(now - keptMs - DAY_MS), new Date(now - keptMs / 2)];
    await fill(table, old, 1, 2_500);
    await fill(
      table,
      table === 'message_link' || table === 'read_position' ? new Date() : young,
      2_501,
      2_503,
    );
    // One replica makes one batch and is gone.
    expect(await prune(pool(), pruning, new Date(now - keptMs), 7)).toBe(7);
    expect(await traces.pass(never, () => undefined)).toBe(2_493);
    expect(await countOf(table)).toBe(3);
    expect(await traces.pass(never, () => undefined)).toBe(0);
  });

  test('and no pass goes on once the lease is lost', async () => {
    const { traces } = await createJobs();
    await fill('notice', new Date(0), 1, 3);
    await expect(traces.pass(AbortSignal.abort(), () => undefined)).rejects.toThrow();
    expect(await countOf('notice')).toBe(3);
  });
});

describe('what is still of use stays, however old', () => {
  const LONG_AGO = new Date(0);

  test.each([
    ['a former ghost', 'former_account', `insert into ghost (user_id) values ('@1')`],
    ['a joined invitation', 'invitation', 'update invitation set joined_at = now()'],
    [
      'a policy of someone who is logged in',
      'identity_accepted_policy',
      `insert into identity_token values ('a', '@1', now() + interval '1 day')`,
    ],
    ['a link of a room that was only closed', 'message_link', 'update room set gone_since = null'],
    ['the newest versions of a type', 'resource_version', 'select'],
    ['a position in a room that is open', 'read_position', `update room set phase = 'open'`],
  ])('%s', async (_, table, then) => {
    const { traces } = await createJobs();
    await makeRooms();
    await fill(table, LONG_AGO, 1, 1);
    await pool().query(then);
    await traces.pass(never, () => undefined);
    expect(await countOf(table)).toBe(1);
  });
});

test('the inbox: an empty lane goes with what was noted of its positions, old contents and letters go', async () => {
  const { inbox } = await createJobs();
  await pool().query(`insert into lane (key, tail, head) values
    ('read-state:CommunicationRequest/1', 9, 9), ('read-state:CommunicationRequest/2', 9, 9), ('dead', 3, 3)`);
  await pool().query(`insert into item (lane_id, position, source, source_id, payload)
    select id, 9, 'test', 'kept', '{}' from lane where key like '%/2'`);
  await pool().query(
    `insert into compared_tasks values ('CommunicationRequest/1', 9), ('CommunicationRequest/2', 9)`,
  );
  await pool().query(`insert into dead_letter
      (lane_id, lane_key, position, source, source_id, payload, received_at, attempts, error_code, error_message, given_up_at)
    select id, key, n, 'test', n::text, '{"secret": true}', now(), 1, 'NEVER', 'never', now() - n * interval '100 days'
    from lane, generate_series(0, 4) as n where key = 'dead'`);
  expect(await inbox.pass(never, () => undefined)).toBe(6);
  const column = async (sql: string): Promise<readonly unknown[]> =>
    (await pool().query<Record<string, unknown>>(sql)).rows.flatMap((row) => Object.values(row));
  expect(await column('select key from lane order by key')).toEqual([
    'dead',
    'read-state:CommunicationRequest/2',
  ]);
  expect(await column('select conversation from compared_tasks')).toEqual(['CommunicationRequest/2']);
  expect(await column('select payload::text from dead_letter order by given_up_at desc')).toEqual([
    '{"secret": true}',
    ...['{}', '{}', '{}'],
  ]);
});
