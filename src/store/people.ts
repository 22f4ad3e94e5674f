// The tables of people: the present and former Matrix accounts of FHIR persons.
import type { ClientBase } from 'pg';
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import { columnsOf, select, selectColumn, type Queryable } from './database.ts';

/** The account of a person, and the source that gave it. */
export interface PersonRow {
  readonly reference: FhirReference;
  readonly userId: MatrixUserId;
  readonly kind: 'user' | 'ghost';
  readonly source: 'telecom' | 'stored' | 'directory' | 'ghost';
  /** The address that their telecom publishes and that is believed, whether it counts as theirs or not. */
  readonly claimedUserId?: MatrixUserId | undefined;
}

/** A person with all known accounts. */
export interface KnownPerson extends PersonRow {
  /** The account that an operator stored; it counts if the person's telecom has none. */
  readonly storedUserId: MatrixUserId | undefined;
  /** Former accounts, which must still leave their rooms. One that is no ghost ends after `FORMER_DAYS`. */
  readonly formerUserIds: readonly MatrixUserId[];
}

/** Someone who has an account, or says so. */
export interface BearerRow {
  readonly reference: FhirReference;
  /** Whether it was theirs when their accounts were last looked at. */
  readonly holds: boolean;
  /** Whether an operator gave it to them. */
  readonly isStored: boolean;
}

/** For so long the account that a person had before may stay in their rooms while the new one has not joined. */
export const FORMER_DAYS = 30;
/** As many of those who claim one account are looked at; two are too many already. */
const MOST_BEARERS = 20;

/** Records the accounts of people. A replaced account becomes a former one. */
export async function savePeople(db: Queryable, people: readonly PersonRow[]): Promise<void> {
  // One statement, sorted by reference, so that two convergences with the same people cannot deadlock.
  const sql = `with wanted as (
      select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
        as w (reference, user_id, kind, source, claimed_user_id)
    ), replaced as (
      insert into former_account (reference, user_id)
      select reference, person.user_id from person join wanted using (reference)
      where person.user_id <> wanted.user_id order by reference
      on conflict (reference, user_id) do update set until = now()
    ), returned as (
      delete from former_account using wanted
      where former_account.reference = wanted.reference and former_account.user_id = wanted.user_id
    )
    insert into person (reference, user_id, kind, source, claimed_user_id)
    select reference, user_id, kind, source, claimed_user_id from wanted order by reference
    on conflict (reference) do update
    set user_id = excluded.user_id, kind = excluded.kind, source = excluded.source,
      claimed_user_id = excluded.claimed_user_id, updated_at = now()
    where (person.user_id, person.kind, person.source, person.claimed_user_id)
      is distinct from (excluded.user_id, excluded.kind, excluded.source, excluded.claimed_user_id)`;
  await db.query(sql, columnsOf(people, 'reference', 'userId', 'kind', 'source', 'claimedUserId'));
}

/** The known accounts of people, by reference. */
export async function findPeople(
  db: Queryable,
  references: readonly FhirReference[],
): Promise<ReadonlyMap<FhirReference, KnownPerson>> {
  if (references.length === 0) return new Map();
  const sql = `select reference, user_id, kind, source, stored_user_id, claimed_user_id,
      array(
        select f.user_id from former_account f
        where f.reference = person.reference
          and (f.until > now() - make_interval(days => ${FORMER_DAYS})
            or exists (select from ghost where ghost.user_id = f.user_id))
        order by f.user_id
      ) as former_user_ids
    from person where reference = any ($1)`;
  const people = await select<KnownPerson>(db, sql, [references]);
  return new Map(people.map((person) => [person.reference, person]));
}

/**
 * The person of a Matrix user id, as last looked at: what FHIR says by now, `whoIs` finds out. If several resources have it (a
 * Practitioner and their roles), the result is the Practitioner.
 */
export async function findPersonByUserId(
  db: Queryable,
  userId: MatrixUserId,
): Promise<FhirReference | undefined> {
  const sql = `select reference from (
      select reference, 1 as rank, updated_at as at from person where user_id = $1
      union all select reference, 2, updated_at from person where stored_user_id = $1
    ) as bearer
    order by rank, reference not like 'Practitioner/%', at desc, reference limit 1`;
  const [reference] = await selectColumn<FhirReference>(db, sql, [userId]);
  return reference;
}

/** The person of a ghost, also of one that they had before they got an account of their own. */
export async function findPersonOfGhost(
  db: Queryable,
  ghost: MatrixUserId,
): Promise<FhirReference | undefined> {
  const sql = `select reference from (
      select reference, 1 as rank, updated_at as at from person where user_id = $1
      union all select reference, 2, until from former_account where user_id = $1
    ) as bearer
    order by rank, reference not like 'Practitioner/%', at desc, reference limit 1`;
  return (await selectColumn<FhirReference>(db, sql, [ghost]))[0];
}

/** Those who have these accounts, or say so, as last looked at; of each account those who have it come first. */
export async function findBearers(
  db: Queryable,
  userIds: readonly MatrixUserId[],
): Promise<ReadonlyMap<MatrixUserId, readonly BearerRow[]>> {
  const sql = `select asked.user_id, bearer.*
    from unnest($1::text[]) as asked (user_id)
    cross join lateral (
      select reference, person.user_id = asked.user_id as holds,
        stored_user_id is not distinct from asked.user_id as is_stored
      from person
      where person.user_id = asked.user_id or claimed_user_id = asked.user_id or stored_user_id = asked.user_id
      order by person.user_id <> asked.user_id, reference not like 'Practitioner/%', reference
      limit ${MOST_BEARERS}
    ) as bearer`;
  const rows = await select<BearerRow & { readonly userId: MatrixUserId }>(db, sql, [userIds]);
  return Map.groupBy(rows, ({ userId }) => userId);
}

/** Those of these people whose accounts were looked at. */
export async function findRecorded(
  db: Queryable,
  references: readonly FhirReference[],
): Promise<ReadonlySet<FhirReference>> {
  const sql = 'select reference from person where reference = any ($1)';
  return new Set(await selectColumn<FhirReference>(db, sql, [references]));
}

/** Those of these addresses that are or were somebody's account, or are said to be. */
export async function findKnownAccounts(
  db: Queryable,
  userIds: readonly MatrixUserId[],
): Promise<ReadonlySet<MatrixUserId>> {
  if (userIds.length === 0) return new Set();
  const sql = `select user_id from unnest($1::text[]) as asked (user_id)
    where exists (
        select from person p
        where p.user_id = asked.user_id or p.claimed_user_id = asked.user_id or p.stored_user_id = asked.user_id
      )
      or exists (select from former_account f where f.user_id = asked.user_id)`;
  return new Set(await selectColumn<MatrixUserId>(db, sql, [userIds]));
}

/** Those of these users who are the present account of a person, or one that an operator gave them. */
export async function findKnownUsers(
  db: Queryable,
  userIds: readonly MatrixUserId[],
): Promise<ReadonlySet<MatrixUserId>> {
  const sql = `select user_id from person where user_id = any ($1)
    union select stored_user_id from person where stored_user_id = any ($1)`;
  return new Set(await selectColumn<MatrixUserId>(db, sql, [userIds]));
}

/** The people who had this account, or have it only from an operator, with the present account of each. */
export async function findMovedPeople(
  db: Queryable,
  userId: MatrixUserId,
): Promise<readonly { readonly reference: FhirReference; readonly userId: MatrixUserId }[]> {
  // Each half has an index; with `or` in their place the whole table is read.
  const sql = `select reference, person.user_id
    from (
      select reference from person where stored_user_id = $1
      union select reference from former_account where user_id = $1
    ) as moved
    join person using (reference)
    where person.user_id <> $1
    order by reference not like 'Practitioner/%', reference`;
  return select(db, sql, [userId]);
}

/**
 * Takes some practitioners whose registered ghost was not published yet, and marks them. Call it in the transaction that stores
 * their items.
 */
export async function takeUnpublishedGhosts(
  tx: ClientBase,
  limit: number,
): Promise<readonly Pick<PersonRow, 'reference' | 'userId'>[]> {
  const sql = `update person set publishing_asked = true
    from (
      select reference from person
      where kind = 'ghost' and not publishing_asked and reference like 'Practitioner/%' and stored_user_id is null
        and exists (select from ghost where ghost.user_id = person.user_id)
      order by reference limit $1 for update
    ) as due
    where person.reference = due.reference
    returning person.reference, person.user_id`;
  return select(tx, sql, [limit]);
}

/** Removes a former account that the person uses again, or still: it need not leave their rooms. */
export async function forgetFormerAccount(
  db: Queryable,
  reference: FhirReference,
  userId: MatrixUserId,
): Promise<void> {
  await db.query('delete from former_account where reference = $1 and user_id = $2', [reference, userId]);
}

/** Stores the account that an operator gives a person. The next convergence of their rooms moves them to it. */
export async function linkPerson(
  db: Queryable,
  reference: FhirReference,
  userId: MatrixUserId,
): Promise<void> {
  const sql = `insert into person (reference, user_id, kind, source, stored_user_id) values ($1, $2, 'user', 'stored', $2)
    on conflict (reference) do update set stored_user_id = $2, updated_at = now()`;
  await db.query(sql, [reference, userId]);
}

/**
 * Removes the account that an operator gave a person. It does not become a former account: if it was wrong, its messages are not
 * the person's.
 * @returns whether there was one
 */
export async function unlinkPerson(db: Queryable, reference: FhirReference): Promise<boolean> {
  const sql = `with linked as (
      select reference, stored_user_id, source from person
      where reference = $1 and stored_user_id is not null for update
    ), gone as (
      delete from person using linked where person.reference = linked.reference and linked.source = 'stored'
    ), kept as (
      update person set stored_user_id = null, updated_at = now()
      from linked where person.reference = linked.reference and linked.source <> 'stored'
    ), former as (
      delete from former_account using linked
      where former_account.reference = linked.reference
        and former_account.user_id = linked.stored_user_id
    )
    select count(*)::int from linked`;
  const [unlinked] = await selectColumn<number>(db, sql, [reference]);
  return unlinked === 1;
}
