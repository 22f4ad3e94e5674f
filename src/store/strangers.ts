// The table of strangers: members of rooms whom nobody knows.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import { select, type Queryable } from './database.ts';

/** When each of these users was first seen in a room as a stranger. */
export async function readStrangers(
  db: Queryable,
  reference: FhirReference,
  userIds: readonly MatrixUserId[],
): Promise<ReadonlyMap<MatrixUserId, Date>> {
  const sql = 'select user_id, seen_at from stranger where reference = $1 and user_id = any ($2)';
  const strangers = await select<{ userId: MatrixUserId; seenAt: Date }>(db, sql, [reference, userIds]);
  return new Map(strangers.map(({ userId, seenAt }) => [userId, seenAt]));
}

/** Records strangers of a room. Who was seen before stays as old, also if they have left since: nobody has two graces. */
export async function saveStrangers(
  db: Queryable,
  reference: FhirReference,
  userIds: readonly MatrixUserId[],
  seenAt: Date,
): Promise<void> {
  const sql = `insert into stranger (reference, user_id, seen_at)
    select $1, unnest($2::text[]), $3 on conflict do nothing`;
  await db.query(sql, [reference, userIds, seenAt]);
}
