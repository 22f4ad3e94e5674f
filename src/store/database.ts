// The connection pool.
import type { ClientBase, Pool } from 'pg';
import pg from 'pg';

/** A pool or a client: both run statements. */
export type Queryable = Pick<ClientBase, 'query'>;

/**
 * The daemon's pool.
 * @param url PostgreSQL connection URL
 * @param max connections at most
 */
export function createPool(url: string, max: number): Pool {
  return new pg.Pool({
    connectionString: url,
    max,
    application_name: 'fhir-matrix-bridge',
    connectionTimeoutMillis: 10_000,
    // PostgreSQL's just-in-time compiler costs hundreds of milliseconds for a first statement.
    options: '-c jit=off -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000',
  });
}
