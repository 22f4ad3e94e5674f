// The tables of accounts of the identity service: tokens (only their digests), and the policies that users accepted.
import type { MatrixUserId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** Stores the owner of a token until it expires. */
export async function saveToken(
  db: Queryable,
  { digest, userId, expiresAt }: { digest: Buffer; userId: MatrixUserId; expiresAt: Date },
): Promise<void> {
  await db.query('insert into identity_token (digest, user_id, expires_at) values ($1, $2, $3)', [
    digest,
    userId,
    expiresAt,
  ]);
}

/** The owners of the tokens that are valid at this instant, by digest in hexadecimal. */
export async function findTokenOwners(
  db: Queryable,
  digests: readonly Buffer[],
  now: Date,
): Promise<ReadonlyMap<string, MatrixUserId>> {
  // Prepared, because every request runs it: planned once per connection.
  const { rows } = await db.query<{ digest: Buffer; user_id: MatrixUserId }>({
    name: 'identity_token_owners',
    text: 'select digest, user_id from identity_token where digest = any($1) and expires_at > $2',
    values: [digests, now],
  });
  return new Map(rows.map((row) => [row.digest.toString('hex'), row.user_id]));
}

/** Removes a token. @returns whether it was valid */
export async function removeToken(db: Queryable, digest: Buffer, now: Date): Promise<boolean> {
  const { rowCount } = await db.query('delete from identity_token where digest = $1 and expires_at > $2', [
    digest,
    now,
  ]);
  return rowCount === 1;
}

/** Removes expired tokens. */
export async function pruneTokens(db: Queryable, now: Date): Promise<number> {
  const { rowCount } = await db.query('delete from identity_token where expires_at <= $1', [now]);
  return rowCount ?? 0;
}

/** Adds to the policies that a user accepted. */
export async function acceptPolicies(
  db: Queryable,
  userId: MatrixUserId,
  urls: readonly string[],
): Promise<void> {
  await db.query(
    `insert into identity_accepted_policy (user_id, url) select $1, unnest($2::text[])
     on conflict do nothing`,
    [userId, urls],
  );
}

/** The URLs of the policies that a user accepted. */
export async function acceptedPolicies(db: Queryable, userId: MatrixUserId): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ url: string }>(
    'select url from identity_accepted_policy where user_id = $1',
    [userId],
  );
  return new Set(rows.map((row) => row.url));
}
