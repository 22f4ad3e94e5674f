// The table of registered ghosts, with their names and pictures.
import type { MatrixUserId } from '../domain/ids.ts';
import { select, selectColumn, type Queryable } from './database.ts';

/** A registered ghost. */
interface GhostRow {
  readonly displayName: string | undefined;
  /** The digest of the picture's source; undefined without picture. */
  readonly avatarDigest: string | undefined;
}

/** The ghosts among these users that are registered and have their device. */
export async function findGhosts(
  db: Queryable,
  userIds: readonly MatrixUserId[],
): Promise<ReadonlyMap<MatrixUserId, GhostRow>> {
  const sql = 'select user_id, display_name, avatar_digest from ghost where user_id = any ($1)';
  const rows = await select<GhostRow & { userId: MatrixUserId }>(db, sql, [userIds]);
  return new Map(rows.map(({ userId, ...ghost }) => [userId, ghost]));
}

/** Every registered ghost, in order. */
export async function listGhosts(db: Queryable): Promise<readonly MatrixUserId[]> {
  return selectColumn<MatrixUserId>(db, 'select user_id from ghost order by user_id');
}

/** Records that a ghost is registered and has its device. */
export async function saveGhost(db: Queryable, userId: MatrixUserId): Promise<void> {
  await db.query('insert into ghost (user_id) values ($1) on conflict do nothing', [userId]);
}

/** Records the name of a ghost. */
export async function saveGhostName(db: Queryable, userId: MatrixUserId, displayName: string): Promise<void> {
  await db.query('update ghost set display_name = $2 where user_id = $1', [userId, displayName]);
}

/** Records the picture of a ghost by the digest of its source. */
export async function saveGhostAvatar(
  db: Queryable,
  userId: MatrixUserId,
  digest: string | undefined,
): Promise<void> {
  await db.query('update ghost set avatar_digest = $2 where user_id = $1', [userId, digest]);
}

/** Forgets what a ghost shows, which it does not any more: the next look at it sets both again. */
export async function forgetGhostProfile(db: Queryable, userId: MatrixUserId): Promise<void> {
  await db.query('update ghost set display_name = null, avatar_digest = null where user_id = $1', [userId]);
}
