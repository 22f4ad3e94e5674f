// Runs the forward-only migrations in `migrations/`, one replica at a time.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { connectForLong } from './connections.ts';

const FOLDER = fileURLToPath(new URL('../../migrations/', import.meta.url));
/** Any number that no other software on this database locks; the same in every replica. */
const LOCK = 7_239_401;

/** The database holds migrations that this version does not know: it was used by a newer bridge. */
export class SchemaTooNewError extends Error {
  readonly code = 'schema-too-new';
  constructor(unknown: readonly string[]) {
    super(
      `The database has migrations this version does not know (${unknown.join(', ')}): ` +
        'run the newer bridge, or restore the backup made before the upgrade.',
    );
    this.name = 'SchemaTooNewError';
  }
}

/**
 * Brings the schema up to date; replicas that start together wait for the first.
 * @param url a direct connection (no transaction-mode pooler): the lock lives in the session
 * @returns the names of the migrations that were applied
 * @throws SchemaTooNewError when the database is ahead of this version
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
  const { rows } = await client.query<{ name: string }>('select name from migration');
  const applied = new Set(rows.map((row) => row.name));
  const known = (await readdir(FOLDER)).filter((file) => file.endsWith('.sql')).sort();
  const unknown = [...applied].filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new SchemaTooNewError(unknown);
  const missing = known.filter((name) => !applied.has(name));
  for (const name of missing) await applyOne(client, name);
  return missing;
}

async function applyOne(client: pg.Client, name: string): Promise<void> {
  const sql = await readFile(`${FOLDER}${name}`, 'utf8');
  await client.query('begin');
  try {
    await client.query(sql);
    await client.query('insert into migration (name) values ($1)', [name]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
