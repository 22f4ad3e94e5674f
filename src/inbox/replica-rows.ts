// The table of living replicas: a row each, and a session advisory lock that PostgreSQL drops with the connection.
import type { Queryable } from './database.ts';

/** First half of the advisory locks on replica ids; the second half is the id. */
const replicaLocks = 0x0f41;

/** Enters a new replica and returns its id, which none had before. */
export async function registerReplica(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ id: number }>("select nextval('replica_id')::int as id");
  const id = rows[0]?.id ?? 0;
  // The lock first: once the row is there, a free lock means death.
  await client.query('select pg_advisory_lock($1, $2)', [replicaLocks, id]);
  await client.query('insert into replica (id) values ($1)', [id]);
  return id;
}

/** What the server answers to a heartbeat. */
export interface Heartbeat {
  /** Of the server's process. */
  readonly pid: number;
  /** By the server's clock. */
  readonly now: Date;
}

/** Says that the replica lives; answers nothing when the others have removed it. */
export async function heartbeat(client: Queryable, id: number): Promise<Heartbeat | undefined> {
  const { rows } = await client.query<Heartbeat>(touch, [id]);
  return rows[0];
}

/**
 * Removes dead replicas; returns their ids. Their lanes are free with that, and so is whatever else their sessions hold, such as the
 * leases of jobs: of a host that is gone, PostgreSQL would wait for hours.
 */
export async function removeDeadReplicas(
  client: Queryable,
  id: number,
  staleAfterMs: number,
): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(removeDead, [id, replicaLocks, staleAfterMs]);
  const dead = rows.map((row) => row.id);
  if (dead.length > 0) await client.query(endSessions, [replicaLocks, dead]);
  return dead;
}

/** Removes a replica that has lost its session, and ends what PostgreSQL may still keep of that. */
export async function removeLostReplica(client: Queryable, id: number): Promise<void> {
  await removeReplica(client, id);
  await client.query(endSessions, [replicaLocks, [id]]);
}

/** Takes a replica out that has ended. */
export async function removeReplica(client: Queryable, id: number): Promise<void> {
  await client.query('delete from replica where id = $1', [id]);
}

const touch = `
  update replica set heartbeat_at = now() where id = $1
  returning pg_backend_pid() as pid, clock_timestamp() as now`;

/**
 * A lock that can be had means that the connection holding it is gone. A heartbeat that is too old means that the host
 * is, although PostgreSQL still waits for it; or that the process is frozen, and will find out when it wakes up.
 */
const removeDead = `
  delete from replica
  where id <> $1
    and (pg_try_advisory_xact_lock($2, id) or heartbeat_at < now() - $3 * interval '1 millisecond')
  returning id`;

/** Of two ids that make a lock, `pg_locks` has the first as `classid`, the second as `objid`, and 2 as `objsubid`. */
const endSessions = `
  select pg_terminate_backend(pid) from pg_locks
  where locktype = 'advisory' and classid = $1 and objid = any ($2::int[]::oid[]) and objsubid = 2
    and database = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid()`;
