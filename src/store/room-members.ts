// The tables of a room's members and dependencies at its last convergence.
import type { Dependency, FhirReference, MatrixUserId } from '../domain/ids.ts';
import { select, selectColumn, type Queryable } from './database.ts';

/** The base of the three-way comparison. */
export interface Base {
  /** The members at the last convergence, and the users that one was about to add. */
  readonly base: ReadonlySet<string>;
  /** Users among them who perhaps never joined: those that a convergence was about to add, and relay ghosts. */
  readonly pending: ReadonlySet<string>;
}

/** Reads the base of a room, with the users that are being added. */
export async function readMembers(db: Queryable, reference: FhirReference): Promise<Base> {
  const sql = 'select user_id, pending from room_member where reference = $1';
  const members = await select<{ userId: string; pending: boolean }>(db, sql, [reference]);
  return {
    base: new Set(members.map(({ userId }) => userId)),
    pending: new Set(members.filter(({ pending }) => pending).map(({ userId }) => userId)),
  };
}

/** Records the users that a convergence is about to add. Users of the base do not change. @param members the person of each user */
export async function savePending(
  db: Queryable,
  reference: FhirReference,
  members: ReadonlyMap<MatrixUserId, FhirReference>,
): Promise<void> {
  const sql = `insert into room_member (reference, user_id, person, pending)
    select $1, *, true from unnest($2::text[], $3::text[]) on conflict do nothing`;
  await db.query(sql, [reference, [...members.keys()], [...members.values()]]);
}

/**
 * Replaces the base of a room.
 * @param members the person of each user id
 * @param pending the users among them who perhaps are not in the room
 */
export async function saveBase(
  db: Queryable,
  reference: FhirReference,
  members: ReadonlyMap<MatrixUserId, FhirReference>,
  pending: ReadonlySet<MatrixUserId> = new Set(),
): Promise<void> {
  // One statement that does not touch equal rows: convergence runs often and mostly changes nothing.
  const sql = `with wanted as (
      select user_id, person, user_id = any ($4::text[]) as pending from unnest($2::text[], $3::text[]) as w (user_id, person)
    ),
    gone as (delete from room_member where reference = $1 and user_id not in (select user_id from wanted))
    insert into room_member (reference, user_id, person, pending) select $1, user_id, person, pending from wanted
    on conflict (reference, user_id) do update set person = excluded.person, pending = excluded.pending
    where (room_member.person, room_member.pending) is distinct from (excluded.person, excluded.pending)`;
  await db.query(sql, [reference, [...members.keys()], [...members.values()], [...pending]]);
}

/** Removes a user from the base of a room: both sides agree that they are no member any more. */
export async function removeFromBase(
  db: Queryable,
  reference: FhirReference,
  userId: MatrixUserId,
): Promise<void> {
  await db.query('delete from room_member where reference = $1 and user_id = $2', [reference, userId]);
}

/** Removes people from the bases of all rooms. */
export async function removePeople(db: Queryable, people: readonly FhirReference[]): Promise<void> {
  await db.query('delete from room_member where person = any ($1)', [people]);
}

/** Those of these people who are in the base of a room. */
export async function findPeopleIn(
  db: Queryable,
  reference: FhirReference,
  people: readonly FhirReference[],
): Promise<ReadonlySet<FhirReference>> {
  const sql = 'select distinct person from room_member where reference = $1 and person = any ($2)';
  return new Set(await selectColumn<FhirReference>(db, sql, [reference, people]));
}

/** Any number that no other software on this database locks; the same in every process. */
const DEPENDENCIES = 7_239_403;

/**
 * Until the end of the transaction, keeps transactions that store dependencies apart from those that ask which rooms depend on a
 * change. At the same time, each could miss what the other commits, and the change would be lost.
 * @param side many transactions may ask at the same time, but only one may store
 */
export async function lockDependencies(tx: Queryable, side: 'storing' | 'asking'): Promise<void> {
  const shared = side === 'asking' ? '_shared' : '';
  await tx.query(`select pg_advisory_xact_lock${shared}($1)`, [DEPENDENCIES]);
}

/** Replaces the dependencies of a room's desired state. @returns the new ones */
export async function saveDependencies(
  db: Queryable,
  reference: FhirReference,
  dependencies: ReadonlySet<Dependency>,
): Promise<readonly Dependency[]> {
  const sql = `with gone as (delete from room_dependency where reference = $1 and depends_on <> all ($2::text[]))
    insert into room_dependency (reference, depends_on) select $1, unnest($2::text[]) on conflict do nothing
    returning depends_on`;
  return selectColumn<Dependency>(db, sql, [reference, [...dependencies]]);
}

/** The rooms whose desired state depends on any of these resources. */
export async function findDependents(
  db: Queryable,
  dependencies: readonly Dependency[],
): Promise<readonly FhirReference[]> {
  const sql = 'select distinct reference from room_dependency where depends_on = any ($1) order by reference';
  return selectColumn<FhirReference>(db, sql, [dependencies]);
}

/** The resources among these on which a room depends. */
export async function findDependedOn(
  db: Queryable,
  references: readonly Dependency[],
): Promise<ReadonlySet<Dependency>> {
  const sql = 'select distinct depends_on from room_dependency where depends_on = any ($1)';
  return new Set(await selectColumn<Dependency>(db, sql, [references]));
}

/** As whom a user is a member of a room. */
export async function findMember(
  db: Queryable,
  reference: FhirReference,
  userId: MatrixUserId,
): Promise<FhirReference | undefined> {
  const sql = 'select person from room_member where reference = $1 and user_id = $2';
  return (await selectColumn<FhirReference>(db, sql, [reference, userId]))[0];
}
