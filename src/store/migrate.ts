// Runs the forward-only migrations in `migrations/`, one replica at a time.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { connectForLong } from './connections.ts';

const FOLDER = fileURLToPath(new URL('../../migrations/', import.meta.url));
/** Any number that no other software on this database locks; the same in every replica. */
const LOCK = 7_239_401;

/** Says in a migration which replicas go on with its schema: those that know this migration and all before it. */
const COMPATIBLE_WITH = /^-- compatible-with: (\d{4}_\w+\.sql)$/m;

/** The database holds migrations with which this version cannot work: it was used by a newer bridge. */
export class SchemaTooNewError extends Error {
  readonly code = 'schema-too-new';
  /** For the log, which prints no message of an error that may quote data. */
  readonly advice: string;
  constructor(unknown: readonly string[]) {
    const advice =
      `The database has migrations this version cannot work with (${unknown.join(', ')}): ` +
      'run the newer bridge, or restore the backup made before the upgrade.';
    super(advice);
    this.advice = advice;
    this.name = 'SchemaTooNewError';
  }
}

/**
 * Brings the schema up to date; replicas that start together wait for the first.
 * @param url a direct connection (no transaction-mode pooler): the lock lives in the session
 * @returns the names of the migrations that were applied
 * @throws SchemaTooNewError when the database is ahead of this version, and does not say that it is compatible with it
 */
export async function migrate(url: string): Promise<readonly string[]> {
  const client = await connectForLong(url);
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    return await applyMissing(client);
  } finally {
    await client.end();
  }
}

async function applyMissing(client: pg.Client): Promise<readonly string[]> {
  await client.query(
    'create table if not exists migration (name text primary key, applied_at timestamptz not null default now())',
  );
  await client.query('alter table migration add column if not exists compatible_with text');
  const { rows } = await client.query<Applied>(
    'select name, compatible_with as "compatibleWith" from migration',
  );
  const applied = new Set(rows.map((row) => row.name));
  const known = (await readdir(FOLDER)).filter((file) => file.endsWith('.sql')).sort();
  const newer = rows.filter(({ name }) => !known.includes(name));
  const refused = newer.filter(({ compatibleWith }) => !knowsAll(known, compatibleWith));
  if (refused.length > 0) throw new SchemaTooNewError(refused.map(({ name }) => name));
  const missing = known.filter((name) => !applied.has(name));
  for (const name of missing) await applyOne(client, name);
  return missing;
}

/** A migration in the database; `compatibleWith` as its file says. */
interface Applied {
  readonly name: string;
  readonly compatibleWith: string | null;
}

function knowsAll(known: readonly string[], upTo: string | null): boolean {
  return upTo !== null && known.includes(upTo);
}

async function applyOne(client: pg.Client, name: string): Promise<void> {
  const sql = await readFile(`${FOLDER}${name}`, 'utf8');
  const compatibleWith = COMPATIBLE_WITH.exec(sql)?.[1];
  await client.query('begin');
  try {
    await client.query(sql);
    const note = 'insert into migration (name, compatible_with) values ($1, $2)';
    await client.query(note, [name, compatibleWith]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
