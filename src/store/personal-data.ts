// Where personal data lies in the tables: for each table, how a person's rows are found and what becomes of them.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import { countRows, select, selectColumn, type Queryable } from './database.ts';
import { lockAsIdentityWriter } from './identity-records.ts';

/** By what a person's rows are found. */
export interface PersonKeys {
  /** Their references: their own, and those of their roles. */
  readonly people: readonly FhirReference[];
  /** Their own accounts. */
  readonly accounts: readonly MatrixUserId[];
  readonly ghosts: readonly MatrixUserId[];
}

/** What is done to a table; `where` and `set` are SQL, in which `asked` holds the lists `people`, `accounts` and `users` (with ghosts). */
type TableRule =
  | { readonly table: string; readonly does: 'delete'; readonly where: string }
  | { readonly table: string; readonly does: 'empty'; readonly set: string; readonly where: string }
  /** It is done elsewhere, or nothing is to be done. */
  | { readonly table: string; readonly does: 'nothing'; readonly why: string };

const THEIR_RECORDS = `(identity_person.reference = any (asked.people) or identity_person.user_id = any (asked.users))`;
const THEIR_ADDRESSES = `(select medium, address from identity join identity_person using (directory, record)
  where ${THEIR_RECORDS})`;
const REFERENCES_ALONE = 'References alone, which say nothing without the FHIR server that they are of.';
const LOG = 'Its content is emptied by src/inbox/forget-items.ts, which can read it.';
const NOBODY = 'It tells of the bridge, or of rooms, and of nobody.';

/** Every table, in the order in which they are dealt with. */
export const TABLE_RULES: readonly TableRule[] = [
  {
    table: 'identity_invite',
    does: 'delete',
    where: `sender = any (asked.accounts) or (medium, address) in ${THEIR_ADDRESSES}`,
  },
  {
    table: 'identity_pepper',
    does: 'empty',
    // Hashes that are there are not made again.
    set: `done_medium = '', done_address = ''`,
    where: `(done_medium, done_address) in ${THEIR_ADDRESSES}`,
  },
  {
    table: 'identity_hash',
    does: 'delete',
    where: `(medium, address) in ${THEIR_ADDRESSES} and not exists (
      select from identity as other join identity_person using (directory, record)
      where other.medium = identity_hash.medium and other.address = identity_hash.address and not ${THEIR_RECORDS})`,
  },
  { table: 'identity_person', does: 'delete', where: THEIR_RECORDS },
  { table: 'identity', does: 'nothing', why: 'Its rows go with those of identity_person.' },
  { table: 'identity_word', does: 'nothing', why: 'Its rows go with those of identity_person.' },
  { table: 'identity_token', does: 'delete', where: 'user_id = any (asked.users)' },
  { table: 'identity_accepted_policy', does: 'delete', where: 'user_id = any (asked.users)' },
  {
    table: 'identity_audit',
    does: 'nothing',
    why: 'The law wants it kept who asked after whom, for `identity.auditDays`.',
  },
  { table: 'person', does: 'delete', where: 'reference = any (asked.people)' },
  { table: 'former_account', does: 'delete', where: 'reference = any (asked.people)' },
  { table: 'ghost', does: 'delete', where: 'user_id = any (asked.users)' },
  {
    table: 'room_member',
    does: 'delete',
    where: 'person = any (asked.people) or user_id = any (asked.users)',
  },
  { table: 'stranger', does: 'delete', where: 'user_id = any (asked.users)' },
  { table: 'notice', does: 'delete', where: 'user_id = any (asked.users)' },
  { table: 'untold_message', does: 'delete', where: 'user_id = any (asked.users)' },
  { table: 'receipt', does: 'delete', where: 'user_id = any (asked.users)' },
  { table: 'read_position', does: 'delete', where: 'person = any (asked.people)' },
  { table: 'invitation', does: 'delete', where: 'user_id = any (asked.users)' },
  // Which conversation a room is, others who were invited to it go on needing.
  { table: 'invitation', does: 'empty', set: `inviter = ''`, where: 'inviter = any (asked.accounts)' },
  { table: 'adopted_room', does: 'delete', where: 'listed_by = any (asked.accounts)' },
  { table: 'waiting_item', does: 'delete', where: 'waits_for = any (asked.users)' },
  // Asked for again of the homeserver where it matters.
  { table: 'message_link', does: 'empty', set: 'sender = null', where: 'sender = any (asked.accounts)' },
  { table: 'item', does: 'nothing', why: LOG },
  { table: 'dead_letter', does: 'nothing', why: LOG },
  { table: 'lane', does: 'nothing', why: 'Keys of rooms and resources alone.' },
  { table: 'room', does: 'nothing', why: REFERENCES_ALONE },
  { table: 'room_dependency', does: 'nothing', why: REFERENCES_ALONE },
  { table: 'resource_version', does: 'nothing', why: REFERENCES_ALONE },
  { table: 'orphaned_room', does: 'nothing', why: REFERENCES_ALONE },
  { table: 'former_room', does: 'nothing', why: REFERENCES_ALONE },
  { table: 'compared_tasks', does: 'nothing', why: REFERENCES_ALONE },
  { table: 'reported_failure', does: 'nothing', why: REFERENCES_ALONE },
  { table: 'write_back', does: 'nothing', why: REFERENCES_ALONE },
  { table: 'matrix_arrival', does: 'nothing', why: 'Events on their way into the log, which is waited for.' },
  {
    table: 'file_copy',
    does: 'nothing',
    why: 'A digest and the address of a file, until its message is carried.',
  },
  { table: 'picture', does: 'nothing', why: 'Drawings of the bridge’s own; portraits are not among them.' },
  { table: 'forgotten_person', does: 'nothing', why: 'A keyed hash, so that nobody else gets their ghost.' },
  { table: 'forgetting', does: 'nothing', why: 'A keyed hash and numbers, once it is done.' },
  { table: 'forgetting_room', does: 'nothing', why: NOBODY },
  ...[
    'continuity',
    'job_pass',
    'matrix_push',
    'migration',
    'reader_cursor',
    'replica',
    'restoration',
    'room_behind',
  ].map((table) => ({ table, does: 'nothing' as const, why: NOBODY })),
];

const ASKED = 'with asked as (select $1::text[] as people, $2::text[] as accounts, $3::text[] as users)';

/** How many rows of each table are a person's; tables without any are left out. */
export async function countRowsOf(
  db: Queryable,
  keys: PersonKeys,
): Promise<Readonly<Record<string, number>>> {
  return perTable(keys, async ({ table, where }, values) => {
    const sql = `${ASKED} select count(*)::int from ${table}, asked where ${where}`;
    return (await selectColumn<number>(db, sql, values))[0] ?? 0;
  });
}

/** Deletes or empties the rows of a person, in the caller's transaction. @returns how many, by table */
export async function eraseRowsOf(
  tx: Queryable,
  keys: PersonKeys,
): Promise<Readonly<Record<string, number>>> {
  await lockAsIdentityWriter(tx);
  return perTable(keys, (rule, values) => countRows(tx, `${ASKED} ${statementOf(rule)}`, values));
}

type Rule = Exclude<TableRule, { does: 'nothing' }>;

function statementOf(rule: Rule): string {
  const { table, where } = rule;
  return rule.does === 'delete'
    ? `delete from ${table} using asked where ${where}`
    : `update ${table} set ${rule.set} from asked where ${where}`;
}

async function perTable(
  { people, accounts, ghosts }: PersonKeys,
  count: (rule: Rule, values: unknown[]) => Promise<number>,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const rule of TABLE_RULES) {
    if (rule.does === 'nothing') continue;
    const rows = await count(rule, [people, accounts, [...accounts, ...ghosts]]);
    if (rows > 0) counts[rule.table] = (counts[rule.table] ?? 0) + rows;
  }
  return counts;
}

/** The accounts that people have, had, or are said to have, and that nobody else has; ghosts are among them. */
export async function findAccountsOf(
  db: Queryable,
  people: readonly FhirReference[],
): Promise<readonly MatrixUserId[]> {
  const sql = `select distinct account.user_id
    from (
      select unnest(array[user_id, stored_user_id, claimed_user_id]) from person where reference = any ($1)
      union all select user_id from former_account where reference = any ($1)
      union all select user_id from identity_person where reference = any ($1)
    ) as account (user_id)
    where account.user_id is not null and not exists (
      select from person as other where other.reference <> all ($1)
        and (other.user_id = account.user_id or other.stored_user_id = account.user_id
          or other.claimed_user_id = account.user_id))
    order by 1`;
  return selectColumn<MatrixUserId>(db, sql, [people]);
}

/** The names that directories have of people. */
export async function findDirectoryNames(
  db: Queryable,
  people: readonly FhirReference[],
): Promise<readonly string[]> {
  const sql = `select distinct display_name from identity_person
    where reference = any ($1) and display_name is not null`;
  return selectColumn<string>(db, sql, [people]);
}

/** The rooms in which these users are, or wrote, as far as the tables tell. */
export async function findRoomsOf(
  db: Queryable,
  userIds: readonly MatrixUserId[],
): Promise<readonly RoomId[]> {
  const sql = `select room_id from message_link where sender = any ($1)
    union select room.room_id from room_member join room using (reference)
      where user_id = any ($1) and room.room_id is not null
    union select room_id from invitation where user_id = any ($1)
    order by 1`;
  return selectColumn<RoomId>(db, sql, [userIds]);
}

/** How many Communications of these users crossed, by conversation; the conversations with the most first. */
export async function countMessagesOf(
  db: Queryable,
  userIds: readonly MatrixUserId[],
  limit: number,
): Promise<readonly { readonly conversation: FhirReference; readonly messages: number }[]> {
  const sql = `select conversation, count(distinct communication)::int as messages
    from message_link
    join (
      select room_id, reference from room
      union all select room_id, reference from former_room
      union all select distinct room_id, request from invitation
    ) as known (room_id, conversation) using (room_id)
    where sender = any ($1) and communication is not null and conversation is not null
    group by conversation order by messages desc, conversation limit $2`;
  return select(db, sql, [userIds, limit]);
}
