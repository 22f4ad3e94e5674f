// The tables of peppers and hashes: for look-ups that do not name the address, and for the change of the pepper.
import { countRows, select, selectColumn, type Queryable } from './database.ts';

/** A pepper: in preparation, announced to clients, or the previous one, which clients may still use for a while. */
export interface Pepper {
  /** A bigint as text. */
  readonly generation: string;
  readonly pepper: string;
  readonly state: 'preparing' | 'current' | 'previous';
  readonly since: Date;
}

/** All peppers: at most one of each state. */
export async function readPeppers(db: Queryable): Promise<readonly Pepper[]> {
  return select<Pepper>(db, 'select generation, pepper, state, since from identity_pepper');
}

/**
 * Begins a pepper. Does nothing if one is in preparation already, or if another than `replaces` is announced: then another
 * replica was faster. The caller's transaction must hold `lockOutIdentityWriters`.
 * @param replaces the generation of the current pepper; undefined if there is none
 */
export async function beginPepper(
  db: Queryable,
  pepper: string,
  replaces: string | undefined,
): Promise<void> {
  const sql = `insert into identity_pepper (pepper, state) select $1, 'preparing'
    where not exists (
      select from identity_pepper where state = 'current' and generation is distinct from $2::bigint
    )
    on conflict (state) do nothing`;
  await db.query(sql, [pepper, replaces]);
}

/**
 * Computes the next batch of hashes of the pepper in preparation, after the last complete batch of any replica. Runs in the
 * caller's transaction.
 * @returns the number of addresses; 0 when all have their hashes
 */
export async function hashNextBatch(db: Queryable, size: number): Promise<number> {
  const sql = `with pepper as (
      select * from identity_pepper where state = 'preparing' for update
    ), batch as materialized (
      select distinct identity.medium, identity.address from identity, pepper
      where (identity.medium, identity.address) > (pepper.done_medium, pepper.done_address)
      order by identity.medium, identity.address limit $1
    ), hashed as (
      insert into identity_hash (generation, hash, medium, address)
      select pepper.generation, identity_hash_of(batch.address, batch.medium, pepper.pepper), batch.medium, batch.address
      from batch cross join pepper on conflict do nothing
    )
    update identity_pepper as pepper set done_medium = last.medium, done_address = last.address
    from (select medium, address, count(*) over () as count from batch order by medium desc, address desc limit 1) as last
    where pepper.state = 'preparing' returning last.count::int as count`;
  const [count = 0] = await selectColumn<number>(db, sql, [size]);
  return count;
}

/**
 * Announces the prepared pepper: it becomes the current one, and the current one the previous. Does nothing if another replica
 * announced it already. Runs in the caller's transaction.
 */
export async function announcePepper(db: Queryable): Promise<void> {
  const prepared = await countRows(db, `select from identity_pepper where state = 'preparing' for update`);
  if (prepared === 0) return;
  // Separate statements: in one, two peppers would have the same unique state for a moment.
  await db.query(`delete from identity_pepper where state = 'previous'`);
  await db.query(`update identity_pepper set state = 'previous', since = now() where state = 'current'`);
  await db.query(`update identity_pepper set state = 'current', since = now() where state = 'preparing'`);
}

/** Removes the previous pepper when its grace time has passed. */
export async function forgetPreviousPepper(db: Queryable, graceMs: number): Promise<void> {
  const sql = `delete from identity_pepper where state = 'previous' and since < now() - make_interval(secs => $1)`;
  await db.query(sql, [graceMs / 1000]);
}

/** Removes hashes whose pepper is gone. @returns how many; 0 when none are left */
export async function removeStaleHashes(db: Queryable, size: number): Promise<number> {
  const sql = `delete from identity_hash where (generation, hash) in
      (select generation, hash from identity_hash
       where generation not in (select generation from identity_pepper) limit $1)`;
  return countRows(db, sql, [size]);
}
