// What bounds tables by time: which of their rows are removed once they are old enough.
import { FORMER_DAYS } from './people.ts';
import { countRows, type Queryable } from './database.ts';

/** How long rows are kept, by the key of the configuration. */
export type Keeping = 'tracesMs' | 'endedRoomsMs';

/** Which rows of a table are removed. */
export interface Pruning {
  readonly table: string;
  readonly keptFor: Keeping;
  /** The condition in SQL; $1 is the instant before which a row is old enough. */
  readonly isOld: string;
}

/** A room that was closed because its resource is gone, or because that is another's now. */
const ENDED_ROOMS = `select room_id from room where gone_since < $1 and phase = 'closed' and room_id is not null
  union all select former_room.room_id from former_room join room using (reference)
    where gone_since < $1 and phase = 'closed'
  union all select room_id from orphaned_room where orphaned_at < $1 and phase = 'closed'`;
const ENDED_CONVERSATIONS = `select reference from room where gone_since < $1 and phase = 'closed'`;

/** The tables that are bounded so. Others are bounded by what there is, or by jobs of their own: docs/reference/retention.md. */
export const PRUNINGS: readonly Pruning[] = [
  { table: 'notice', keptFor: 'tracesMs', isOld: 'said_at < $1' },
  { table: 'untold_message', keptFor: 'tracesMs', isOld: 'since < $1' },
  { table: 'reported_failure', keptFor: 'tracesMs', isOld: 'reported_at < $1' },
  { table: 'file_copy', keptFor: 'tracesMs', isOld: 'since < $1' },
  { table: 'receipt', keptFor: 'tracesMs', isOld: 'arrived_at < $1' },
  {
    table: 'resource_version',
    keptFor: 'tracesMs',
    // By the newest of a type it is found out that the server was put back.
    isOld: `last_updated < $1 and exists (
        select from resource_version as newer
        where split_part(newer.reference, '/', 1) = split_part(resource_version.reference, '/', 1)
          and newer.last_updated > resource_version.last_updated)`,
  },
  { table: 'invitation', keptFor: 'tracesMs', isOld: 'received_at < $1 and joined_at is null' },
  { table: 'adopted_room', keptFor: 'tracesMs', isOld: 'listed_at < $1' },
  {
    table: 'former_account',
    keptFor: 'tracesMs',
    // As long as it may stay in rooms; a ghost for as long as it is there.
    isOld: `until < least($1, now() - make_interval(days => ${FORMER_DAYS}))
      and not exists (select from ghost where ghost.user_id = former_account.user_id)`,
  },
  { table: 'job_pass', keptFor: 'tracesMs', isOld: 'passed_at < $1' },
  {
    table: 'identity_accepted_policy',
    keptFor: 'tracesMs',
    isOld: `accepted_at < $1
      and not exists (select from identity_token where identity_token.user_id = identity_accepted_policy.user_id)`,
  },
  { table: 'stranger', keptFor: 'endedRoomsMs', isOld: 'seen_at < $1' },
  { table: 'message_link', keptFor: 'endedRoomsMs', isOld: `room_id in (${ENDED_ROOMS})` },
  { table: 'read_position', keptFor: 'endedRoomsMs', isOld: `conversation in (${ENDED_CONVERSATIONS})` },
];

/** Removes old rows, at most `batch` of them, so that locks are short and autovacuum follows. @returns how many */
export async function prune(
  db: Queryable,
  { table, isOld }: Pruning,
  before: Date,
  batch: number,
): Promise<number> {
  const sql = `delete from ${table} where ctid = any (array(select ctid from ${table} where ${isOld} limit $2))`;
  return countRows(db, sql, [before, batch]);
}
