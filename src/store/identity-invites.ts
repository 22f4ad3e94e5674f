// The table of invitations to people without a known account: kept until they have one and their homeserver was told.
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import { countRows, select, type Queryable } from './database.ts';

/** An invitation as stored. */
export interface InviteRow {
  readonly token: string;
  readonly medium: string;
  readonly address: string;
  readonly roomId: RoomId;
  readonly sender: MatrixUserId;
  /** The long-term key that the room knows. */
  readonly keyId: string;
  /** How many attempts to tell the invitee's homeserver failed. */
  readonly attempts: number;
}

/** An invitation that this replica delivers. */
export interface TakenInvite extends InviteRow {
  /** When it may be taken again. The next replica changes it, so an unchanged value means that this one still has it. */
  readonly nextAttemptAt: Date;
}

/** Stores an invitation with the public half of its ephemeral key. */
export async function saveInvite(
  db: Queryable,
  invite: Omit<InviteRow, 'attempts'> & { readonly ephemeralKey: string; readonly expiresAt: Date },
): Promise<void> {
  await db.query(
    `insert into identity_invite (token, medium, address, room_id, sender, key_id, ephemeral_key, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      ...[invite.token, invite.medium, invite.address, invite.roomId],
      ...[invite.sender, invite.keyId, invite.ephemeralKey, invite.expiresAt],
    ],
  );
}

/** Whether an ephemeral key is that of an invitation still valid. */
export async function isEphemeralKey(db: Queryable, ephemeralKey: string, now: Date): Promise<boolean> {
  const sql = 'select from identity_invite where ephemeral_key = $1 and expires_at > $2';
  return (await countRows(db, sql, [ephemeralKey, now])) > 0;
}

/**
 * Takes the invitations that are due, for this replica alone. Their next time is set at once, so that another replica takes over
 * if this one dies.
 */
export async function takeInvites(
  db: Queryable,
  { now, nextAttemptAt, most }: { now: Date; nextAttemptAt: Date; most: number },
): Promise<readonly TakenInvite[]> {
  const sql = `update identity_invite set next_attempt_at = $2 where token = any(array(
      select token from identity_invite
      where address is not null and expires_at > $1 and next_attempt_at <= $1
      order by next_attempt_at limit $3 for update skip locked))
    returning token, medium, address, room_id, sender, key_id, attempts, next_attempt_at`;
  return select<TakenInvite>(db, sql, [now, nextAttemptAt, most]);
}

/** Keeps an invitation for longer, unless another replica has taken it. @returns whether this replica still has it */
export async function holdInvite(
  db: Queryable,
  { token, nextAttemptAt }: TakenInvite,
  until: Date,
): Promise<boolean> {
  const sql = `update identity_invite set next_attempt_at = $3
    where token = $1 and next_attempt_at = $2 and address is not null`;
  return (await countRows(db, sql, [token, nextAttemptAt, until])) === 1;
}

/** Records that the invitee's homeserver has it, and removes the address, which is not needed any more. */
export async function completeInvite(db: Queryable, token: string, now: Date): Promise<void> {
  const sql =
    'update identity_invite set address = null, delivered_at = $2, last_error = null where token = $1';
  await db.query(sql, [token, now]);
}

/** Records that the invitee's homeserver could not be told, and when to try again. */
export async function postponeInvite(
  db: Queryable,
  { token, error, nextAttemptAt }: { token: string; error: string; nextAttemptAt: Date },
): Promise<void> {
  const sql = `update identity_invite set attempts = attempts + 1, last_error = $2, next_attempt_at = $3
    where token = $1`;
  await db.query(sql, [token, error, nextAttemptAt]);
}

/** Ends the attempts, and removes the address, which is not needed any more. */
export async function abandonInvite(db: Queryable, token: string, error: string): Promise<void> {
  const sql =
    'update identity_invite set address = null, attempts = attempts + 1, last_error = $2 where token = $1';
  await db.query(sql, [token, error]);
}

/** Deletes expired invitations. */
export async function pruneInvites(db: Queryable, now: Date): Promise<number> {
  return countRows(db, 'delete from identity_invite where expires_at <= $1', [now]);
}
