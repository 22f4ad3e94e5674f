// Databases on a PostgreSQL server, each owned by a role of its own that can connect to no other.
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database and the one role that may connect to it. */
export interface Database {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** Connection URL of the role. */
  readonly url: string;
  /** Removes database and role, whoever is connected. */
  drop(): Promise<void>;
}

/**
 * Creates a role and a database it owns: UTF-8, C collation (Synapse insists on it; the others sort by bytes too), from
 * the empty template. Nobody but the role and superusers can connect.
 */
export async function createDatabase(adminUrl: string, name: string): Promise<Database> {
  const password = randomBytes(18).toString('base64url');
  const id = pg.escapeIdentifier(name);
  await runStatements(adminUrl, [
    `CREATE ROLE ${id} LOGIN PASSWORD ${pg.escapeLiteral(password)}`,
    `GRANT ${id} TO CURRENT_USER`, // so that an administrator who is no superuser may give the database away
    `CREATE DATABASE ${id} OWNER ${id} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0`,
    `REVOKE CONNECT ON DATABASE ${id} FROM PUBLIC`,
  ]);
  const url = new URL(adminUrl);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return {
    host: url.hostname,
    port: url.port === '' ? 5432 : Number(url.port),
    name,
    user: name,
    password,
    url: url.href,
    drop: () =>
      runStatements(adminUrl, [`DROP DATABASE IF EXISTS ${id} WITH (FORCE)`, `DROP ROLE IF EXISTS ${id}`]),
  };
}

/** Copies a database to which nobody is connected. @returns the name of the copy */
export async function copyDatabase(adminUrl: string, url: string): Promise<string> {
  const copy = uniqueName('copy');
  const { name, owner } = idsOf(url);
  await runStatements(adminUrl, [`CREATE DATABASE ${copy} OWNER ${owner} TEMPLATE ${name}`]);
  return copy;
}

/** Puts a copy in the place of a database, as if it were restored from a backup. */
export async function replaceDatabase(adminUrl: string, url: string, copy: string): Promise<void> {
  const { name } = idsOf(url);
  await runStatements(adminUrl, [
    `DROP DATABASE ${name} WITH (FORCE)`,
    `ALTER DATABASE ${pg.escapeIdentifier(copy)} RENAME TO ${name}`,
  ]);
}

function idsOf(url: string): { readonly name: string; readonly owner: string } {
  const { pathname, username } = new URL(url);
  return { name: pg.escapeIdentifier(pathname.slice(1)), owner: pg.escapeIdentifier(username) };
}

/** A fresh, empty database for one test file, with a name no other has. */
export function createScratchDatabase(adminUrl: string): Promise<Database> {
  return createDatabase(adminUrl, uniqueName('scratch'));
}

/** Removes everything in the database of a connection URL, as its owner. */
export function emptyDatabase(url: string): Promise<void> {
  return runStatements(url, ['DROP SCHEMA public CASCADE', 'CREATE SCHEMA public']);
}

/** A name for a database on a server that others use too. */
export function uniqueName(purpose: string): string {
  return `fhir_matrix_bridge_${purpose}_${randomBytes(5).toString('hex')}`;
}

/** True when the server at this URL lets its user in. */
export async function acceptsConnections(url: string): Promise<boolean> {
  try {
    await runStatements(url, []);
    return true;
  } catch {
    return false;
  }
}

export async function runStatements(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // a server that goes away fails the query at hand, which says so
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
