// Who stands behind the references by which people are named, and which Matrix account is theirs.
import type { CodeableConcept } from 'fhir/r4.js';
import type { FhirResource, Organization, Person, PractitionerRole } from '../domain/fhir.ts';
import { isPerson } from '../domain/fhir.ts';
import type { Dependency, FhirReference, MatrixUserId } from '../domain/ids.ts';
import { idOf, parseReference, referenceTo, staffOf, typeOf } from '../domain/ids.ts';
import { contactsHoldUntil } from './contacts.ts';
import { matrixAddressIn } from './matrix-address.ts';
import { earliest, holdsAt, nextBoundary } from './periods.ts';

/** One person, by however many references they are named. */
export interface Identity {
  /** Of several roles of one Practitioner, the Practitioner. */
  readonly reference: FhirReference;
  readonly resource: Person;
  /** False for one who could not be read, of whom a role may know the name. */
  readonly isRead: boolean;
  readonly roles: readonly {
    readonly role: PractitionerRole;
    readonly organization: Organization | undefined;
  }[];
  /** What those who name them, and their present PractitionerRoles, say of their role. */
  readonly concepts: readonly CodeableConcept[];
}

/** Which account a person has, and how it is known. */
export interface Account {
  readonly userId: MatrixUserId;
  readonly kind: 'user' | 'ghost';
  readonly source: 'telecom' | 'stored' | 'directory' | 'ghost';
}

type Find = (reference: FhirReference) => FhirResource | undefined;

/**
 * The people behind references. A PractitionerRole stands for its Practitioner; what cannot be read stands for a nameless
 * person of its type.
 * @param named what those who name them say of their roles
 * @param find what was read; of roles, their practitioners and organisations too
 * @param at milliseconds since the epoch
 */
export function identitiesOf(
  named: ReadonlyMap<FhirReference, readonly CodeableConcept[]>,
  find: Find,
  at: number,
): readonly Identity[] {
  const identities = new Map<FhirReference, Identity>();
  for (const [reference, concepts] of named) {
    const role = roleAt(reference, find);
    const practitioner = role && practitionerOf(role);
    const known = identities.get(practitioner ?? reference);
    const isHeld = role !== undefined && isHeldAt(role, at);
    identities.set(practitioner ?? reference, {
      reference: practitioner ?? reference,
      isRead: isPersonRead(practitioner ?? reference, find),
      resource: known?.resource ?? personAt(practitioner ?? reference, role, find),
      roles: [...(known?.roles ?? []), ...(role ? [{ role, organization: organizationAt(role, find) }] : [])],
      concepts: [...(known?.concepts ?? []), ...concepts, ...(isHeld ? (role.code ?? []) : [])],
    });
  }
  return [...identities.values()];
}

/**
 * Until when, by the clock alone, people have the roles and contacts that they have now; undefined for ever.
 * @param at milliseconds since the epoch
 */
export function identitiesHoldUntil(identities: readonly Identity[], at: number): number | undefined {
  const roles = identities.flatMap((identity) => identity.roles.map(({ role }) => role));
  const telecoms = [...identities.map(({ resource }) => resource), ...roles].map(({ telecom }) => telecom);
  return earliest([
    ...roles.map(({ period }) => nextBoundary(period, at)),
    ...telecoms.map((telecom) => contactsHoldUntil(telecom, at)),
  ]);
}

/** What belongs to a role and has to be read with it. */
export function relatedTo(role: PractitionerRole): readonly FhirReference[] {
  return [practitionerOf(role), organizationOf(role)].filter((reference) => reference !== undefined);
}

/**
 * By what a room depends on a resource that changed: by itself, and by the staff of an organisation that is its member.
 * That an organisation is shown with a role makes no difference to who else has one there.
 */
export function dependencyKeysOf(resource: FhirResource & { readonly id: string }): readonly Dependency[] {
  const own = referenceTo(resource.resourceType, resource.id);
  const organization = resource.resourceType === 'PractitionerRole' ? organizationOf(resource) : undefined;
  return organization === undefined ? [own] : [own, staffOf(organization)];
}

/** The Practitioner who holds a role, where it names one. */
export function practitionerOf({ practitioner }: PractitionerRole): FhirReference | undefined {
  const parsed = parseReference(practitioner?.reference);
  return parsed?.resourceType === 'Practitioner' ? parsed.reference : undefined;
}

/** The Organization in which a role is held, where it names one. */
export function organizationOf({ organization }: PractitionerRole): FhirReference | undefined {
  const parsed = parseReference(organization?.reference);
  return parsed?.resourceType === 'Organization' ? parsed.reference : undefined;
}

/**
 * A person's account: the address that they publish themselves, in the roles that they hold before their own resource,
 * where it is believed; else the stored one; else that of a directory; else the ghost. What is ambiguous counts for nothing.
 * @param storedFor the account that an operator stored for a reference
 * @param inDirectory the account that a directory gives
 */
export function accountOf(
  { reference, resource, roles }: Identity,
  given: {
    /** Milliseconds since the epoch. */
    readonly at: number;
    /** The bridge's own users: that one is published says nothing, and makes nothing ambiguous. */
    readonly isOwn: (address: MatrixUserId) => boolean;
    readonly isBelieved: (address: MatrixUserId) => boolean;
    readonly storedFor: (reference: FhirReference) => MatrixUserId | undefined;
    readonly inDirectory?: MatrixUserId | undefined;
    readonly ghost: MatrixUserId;
  },
): Account {
  const held = roles.filter(({ role }) => isHeldAt(role, given.at));
  const isOver = resource.resourceType === 'PractitionerRole' && !isHeldAt(resource, given.at);
  const published = [held.flatMap(({ role }) => role.telecom ?? []), isOver ? [] : resource.telecom]
    .map((telecom) => matrixAddressIn(telecom, given.at, given.isOwn))
    .find((address) => address !== undefined && given.isBelieved(address));
  if (published !== undefined) return { userId: published, kind: 'user', source: 'telecom' };
  const ofRoles = roles.flatMap(
    ({ role }) => given.storedFor(`PractitionerRole/${role.id ?? ''}` as FhirReference) ?? [],
  );
  const stored = given.storedFor(reference) ?? (new Set(ofRoles).size === 1 ? ofRoles[0] : undefined);
  if (stored !== undefined) return { userId: stored, kind: 'user', source: 'stored' };
  if (given.inDirectory !== undefined) {
    return { userId: given.inDirectory, kind: 'user', source: 'directory' };
  }
  return { userId: given.ghost, kind: 'ghost', source: 'ghost' };
}

/** Tells whether a role is held at a moment, in milliseconds since the epoch. */
export function isHeldAt({ active, period }: PractitionerRole, at: number): boolean {
  return active !== false && holdsAt(period, at);
}

function roleAt(reference: FhirReference, find: Find): PractitionerRole | undefined {
  const resource = find(reference);
  return resource?.resourceType === 'PractitionerRole' ? resource : undefined;
}

function organizationAt(role: PractitionerRole, find: Find): Organization | undefined {
  const reference = organizationOf(role);
  const resource = reference && find(reference);
  return resource?.resourceType === 'Organization' ? resource : undefined;
}

function isPersonRead(reference: FhirReference, find: Find): boolean {
  const resource = find(reference);
  return resource !== undefined && isPerson(resource);
}

function personAt(reference: FhirReference, role: PractitionerRole | undefined, find: Find): Person {
  const resource = find(reference);
  if (resource !== undefined && isPerson(resource)) return resource;
  const display = role?.practitioner?.display;
  return {
    resourceType: typeOf(reference),
    id: idOf(reference),
    ...(display !== undefined && { name: [{ text: display }] }),
  } as Person;
}
