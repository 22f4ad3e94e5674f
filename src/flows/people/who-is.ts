// Whose a Matrix account is, found out when it is used: that room's members have the first word, then all who have or claim it.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { Identity } from '../../mapping/identities.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { isSamePerson } from '../../mapping/same-person.ts';
import type { BearerRow } from '../../store/people.ts';
import type { Bridge } from '../bridge.ts';
import { reportContested, type Claiming } from './account-claims.ts';
import { bearerOf } from './named-account.ts';
import { createReadSet, type ReadSet } from './read-set.ts';
import { renewPerson } from './renew-person.ts';

/** What it is found out with. */
export type Recognising = Claiming & Pick<Bridge, 'fhir' | 'recentBearers'>;

/** Whose an account is. */
export type Whose =
  | {
      readonly kind: 'person';
      readonly person: FhirReference;
      /** All references that are known to mean them: a Practitioner and their roles. */
      readonly all: ReadonlySet<FhirReference>;
      /** Whether the room's last convergence knew them as a member. */
      readonly isMember: boolean;
    }
  /** Unrelated people claim it, so it is nobody's. */
  | { readonly kind: 'contested' }
  | { readonly kind: 'unknown' };

/** Who says that they have it, and truly so. */
interface Verified extends BearerRow {
  readonly identity: Identity;
}

/**
 * Finds out whose an account is. What FHIR says of it was read a few seconds ago at most; where FHIR gives it to its former owner
 * no more, that is recorded.
 * @param room the space or conversation in which it is used
 */
export async function whoIs(
  recognising: Recognising,
  userId: MatrixUserId,
  room: FhirReference | undefined,
  signal: AbortSignal,
): Promise<Whose> {
  const { db, settings, store } = recognising;
  if (isOwnUser(settings, userId)) return ofGhost(await store.people.findPersonOfGhost(db, userId));
  const reads = createReadSet(recognising.fhir, signal);
  const member = room && (await store.roomMembers.findMember(db, room, userId));
  const rows = (await store.people.findBearers(db, [userId])).get(userId) ?? [];
  const asMember = member && (await recentBearer(recognising, reads, { reference: member, userId }, signal));
  if (member !== undefined && asMember !== undefined)
    return {
      ...{ kind: 'person', person: member, isMember: true },
      all: referencesOf(
        member,
        [asMember],
        rows.map(({ reference }) => reference),
      ),
    };
  const verified = await verifiedAmong(recognising, reads, { rows, userId }, signal);
  if (verified.length > 0) return ownerAmong(recognising, verified);
  const isFormer = member !== undefined && (await hadBefore(recognising, member, userId));
  return isFormer
    ? { kind: 'person', person: member, all: new Set([member]), isMember: true }
    : { kind: 'unknown' };
}

/** The person whose an account is; undefined where it is nobody's. */
export async function personOf(
  recognising: Recognising,
  userId: MatrixUserId,
  room: FhirReference | undefined,
  signal: AbortSignal,
): Promise<FhirReference | undefined> {
  const whose = await whoIs(recognising, userId, room, signal);
  return whose.kind === 'person' ? whose.person : undefined;
}

/** The bridge itself gave a ghost to its person. */
function ofGhost(person: FhirReference | undefined): Whose {
  return person === undefined
    ? { kind: 'unknown' }
    : { kind: 'person', person, all: new Set([person]), isMember: false };
}

async function verifiedAmong(
  recognising: Recognising,
  reads: ReadSet,
  { rows, userId }: { readonly rows: readonly BearerRow[]; readonly userId: MatrixUserId },
  signal: AbortSignal,
): Promise<readonly Verified[]> {
  const verified: Verified[] = [];
  for (const row of rows) {
    const { reference } = row;
    const identity = await recentBearer(recognising, reads, { reference, userId }, signal);
    if (identity !== undefined) verified.push({ ...row, identity });
    else await renewPerson(recognising, reads, reference, signal);
  }
  // An operator's word is no claim.
  const stored = verified.filter(({ isStored }) => isStored);
  return stored.length > 0 ? stored.slice(0, 1) : verified;
}

function ownerAmong(reporting: Recognising, verified: readonly Verified[]): Whose {
  const [first] = verified;
  if (first === undefined) return { kind: 'unknown' };
  const references = verified.map(({ reference }) => reference);
  if (!verified.every(({ identity }) => isSamePerson(identity, first.identity))) {
    reportContested(reporting, references);
    return { kind: 'contested' };
  }
  const person = first.identity.reference;
  const all = referencesOf(
    person,
    verified.map(({ identity }) => identity),
    references,
  );
  return { kind: 'person', person, all, isMember: false };
}

/** Rows of others are left out: they may only claim the account. */
function referencesOf(
  person: FhirReference,
  identities: readonly Identity[],
  rows: readonly FhirReference[],
): ReadonlySet<FhirReference> {
  const own = identities.flatMap(({ reference, roles }) => [
    reference,
    ...roles.map(({ role }) => `PractitionerRole/${role.id ?? ''}` as FhirReference),
  ]);
  return new Set([person, ...own, ...rows.filter((each) => own.includes(each))]);
}

/** A person who moves to another account writes with the one before until they have joined with the new one. */
async function hadBefore(
  { db, store }: Pick<Recognising, 'db' | 'store'>,
  member: FhirReference,
  userId: MatrixUserId,
): Promise<boolean> {
  const known = (await store.people.findPeople(db, [member])).get(member);
  return known?.kind === 'user' && known.formerUserIds.includes(userId);
}

/** Of many events by one account, its person is read for the first alone. */
async function recentBearer(
  recognising: Recognising,
  reads: ReadSet,
  asked: { readonly reference: FhirReference; readonly userId: MatrixUserId },
  signal: AbortSignal,
): Promise<Identity | undefined> {
  const key = `${asked.reference} ${asked.userId}`;
  const recent = recognising.recentBearers.get(key);
  if (recent !== undefined) return recent.bearer;
  const bearer = await bearerOf(recognising, reads, asked, signal);
  recognising.recentBearers.set(key, { bearer });
  return bearer;
}
