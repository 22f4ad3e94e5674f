// The tables of accounts of the identity service: tokens (only their digests), and the policies that users accepted.
import type { MatrixUserId } from '../domain/ids.ts';
import { countRows, select, selectColumn, type Queryable } from './database.ts';

/** Stores the owner of a token until it expires. */
export async function saveToken(
  db: Queryable,
  { digest, userId, expiresAt }: { digest: Buffer; userId: MatrixUserId; expiresAt: Date },
): Promise<void> {
  const sql = 'insert into identity_token (digest, user_id, expires_at) values ($1, $2, $3)';
  await db.query(sql, [digest, userId, expiresAt]);
}

/** The owners of the tokens that are valid at this instant, by digest in hexadecimal. */
export async function findTokenOwners(
  db: Queryable,
  digests: readonly Buffer[],
  now: Date,
): Promise<ReadonlyMap<string, MatrixUserId>> {
  // Prepared, because every request runs it: planned once per connection.
  const text = 'select digest, user_id from identity_token where digest = any($1) and expires_at > $2';
  const rows = await select<{ digest: Buffer; userId: MatrixUserId }>(
    db,
    { name: 'identity_token_owners', text },
    [digests, now],
  );
  return new Map(rows.map(({ digest, userId }) => [digest.toString('hex'), userId]));
}

/** Removes a token. @returns whether it was valid */
export async function removeToken(db: Queryable, digest: Buffer, now: Date): Promise<boolean> {
  const sql = 'delete from identity_token where digest = $1 and expires_at > $2';
  return (await countRows(db, sql, [digest, now])) === 1;
}

/** Removes expired tokens. */
export async function pruneTokens(db: Queryable, now: Date): Promise<number> {
  return countRows(db, 'delete from identity_token where expires_at <= $1', [now]);
}

/** Adds to the policies that a user accepted. */
export async function acceptPolicies(
  db: Queryable,
  userId: MatrixUserId,
  urls: readonly string[],
): Promise<void> {
  const sql = `insert into identity_accepted_policy (user_id, url) select $1, unnest($2::text[])
    on conflict do nothing`;
  await db.query(sql, [userId, urls]);
}

/** The URLs of the policies that a user accepted. */
export async function acceptedPolicies(db: Queryable, userId: MatrixUserId): Promise<ReadonlySet<string>> {
  const sql = 'select url from identity_accepted_policy where user_id = $1';
  return new Set(await selectColumn<string>(db, sql, [userId]));
}
