// The table of invitations to people who are not known yet: kept until they are, and their homeserver has been told.
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** An invitation as stored. */
export interface InviteRow {
  readonly token: string;
  readonly medium: string;
  readonly address: string;
  readonly roomId: RoomId;
  readonly sender: MatrixUserId;
  /** The long-term key that the room knows. */
  readonly keyId: string;
  /** How often the invitee's homeserver was told in vain. */
  readonly attempts: number;
}

/** An invitation in a replica's hands. */
export interface TakenInvite extends InviteRow {
  /** When its turn comes again; changed by whoever takes it next, and so the sign that it still is in these hands. */
  readonly nextAttemptAt: Date;
}

interface Stored {
  readonly token: string;
  readonly medium: string;
  readonly address: string;
  readonly room_id: RoomId;
  readonly sender: MatrixUserId;
  readonly key_id: string;
  readonly attempts: number;
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
      invite.token,
      invite.medium,
      invite.address,
      invite.roomId,
      invite.sender,
      invite.keyId,
      invite.ephemeralKey,
      invite.expiresAt,
    ],
  );
}

/** Whether an ephemeral key is that of an invitation still valid. */
export async function isEphemeralKey(db: Queryable, ephemeralKey: string, now: Date): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from identity_invite where ephemeral_key = $1 and expires_at > $2',
    [ephemeralKey, now],
  );
  return rowCount !== null && rowCount > 0;
}

/**
 * Takes invitations whose turn it is, for this replica alone: their next turn is set beforehand, so that whoever dies with
 * them in hand holds up nothing.
 */
export async function takeInvites(
  db: Queryable,
  { now, nextAttemptAt, most }: { now: Date; nextAttemptAt: Date; most: number },
): Promise<readonly TakenInvite[]> {
  const { rows } = await db.query<Stored>(
    `update identity_invite set next_attempt_at = $2 where token = any(array(
       select token from identity_invite
       where address is not null and expires_at > $1 and next_attempt_at <= $1
       order by next_attempt_at limit $3 for update skip locked))
     returning token, medium, address, room_id, sender, key_id, attempts`,
    [now, nextAttemptAt, most],
  );
  return rows.map(({ room_id: roomId, key_id: keyId, ...row }) => ({ ...row, roomId, keyId, nextAttemptAt }));
}

/**
 * Holds on to an invitation for longer, unless another replica has taken it since.
 * @returns whether it is still in these hands
 */
export async function holdInvite(
  db: Queryable,
  { token, nextAttemptAt }: TakenInvite,
  until: Date,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update identity_invite set next_attempt_at = $3
     where token = $1 and next_attempt_at = $2 and address is not null`,
    [token, nextAttemptAt, until],
  );
  return rowCount === 1;
}

/** Records that the invitee's homeserver has it. The address is needed no longer, and goes. */
export async function completeInvite(db: Queryable, token: string, now: Date): Promise<void> {
  await db.query(
    'update identity_invite set address = null, delivered_at = $2, last_error = null where token = $1',
    [token, now],
  );
}

/** Records that the invitee's homeserver could not be told, and when to try again. */
export async function postponeInvite(
  db: Queryable,
  { token, error, nextAttemptAt }: { token: string; error: string; nextAttemptAt: Date },
): Promise<void> {
  await db.query(
    `update identity_invite set attempts = attempts + 1, last_error = $2, next_attempt_at = $3
     where token = $1`,
    [token, error, nextAttemptAt],
  );
}

/** Ends the attempts. The address is needed no longer, and goes. */
export async function abandonInvite(db: Queryable, token: string, error: string): Promise<void> {
  await db.query(
    'update identity_invite set address = null, attempts = attempts + 1, last_error = $2 where token = $1',
    [token, error],
  );
}

/** Deletes invitations that have expired. */
export async function pruneInvites(db: Queryable, now: Date): Promise<void> {
  await db.query('delete from identity_invite where expires_at <= $1', [now]);
}
