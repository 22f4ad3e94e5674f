// Which people references mean, and which Matrix account each person has.
import type { CodeableConcept } from 'fhir/r4.js';
import {
  isPerson,
  type FhirResource,
  type Organization,
  type Person,
  type PractitionerRole,
} from '../domain/fhir.ts';
import {
  idOf,
  parseReference,
  referenceTo,
  staffOf,
  typeOf,
  type Dependency,
  type FhirReference,
  type MatrixUserId,
} from '../domain/ids.ts';
import { contactsHoldUntil } from './contacts.ts';
import { matrixAddressIn, type TelecomReading } from './matrix-address.ts';
import { earliest, holdsAt, nextBoundary } from './periods.ts';

/** One person, who may be named by several references. */
export interface Identity {
  /** Several roles of one Practitioner are the Practitioner. */
  readonly reference: FhirReference;
  readonly resource: Person;
  /** False if the resource could not be read. A role may still know the name. */
  readonly isRead: boolean;
  readonly roles: readonly {
    readonly role: PractitionerRole;
    readonly organization: Organization | undefined;
  }[];
  /** Their roles: in the resources that name them, and in the PractitionerRoles that they hold now. */
  readonly concepts: readonly CodeableConcept[];
}

/** The account of a person, and the source that gave it. */
export interface Account {
  readonly userId: MatrixUserId;
  readonly kind: 'user' | 'ghost';
  readonly source: 'telecom' | 'stored' | 'directory' | 'ghost';
}

type Find = (reference: FhirReference) => FhirResource | undefined;

/**
 * The people that references mean. A PractitionerRole means its Practitioner. A resource that could not be read means a person
 * of its type without a name.
 * @param named the references, with the roles that the naming resources give them
 * @param find the resources that were read; with roles also their practitioners and organisations
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
    const person = (role && practitionerOf(role)) ?? reference;
    const known = identities.get(person);
    const isHeld = role !== undefined && isHeldAt(role, at);
    const found = find(person);
    const isRead = found !== undefined && isPerson(found);
    identities.set(person, {
      reference: person,
      isRead,
      resource: known?.resource ?? (isRead ? found : unreadPerson(person, role)),
      roles: [...(known?.roles ?? []), ...(role ? [{ role, organization: organizationAt(role, find) }] : [])],
      concepts: [...(known?.concepts ?? []), ...concepts, ...(isHeld ? (role.code ?? []) : [])],
    });
  }
  return [...identities.values()];
}

/**
 * Until when people have the roles and contacts that they have now, if no resource changes; undefined for ever.
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

/** The resources that must be read with a role. */
export function relatedTo(role: PractitionerRole): readonly FhirReference[] {
  return [practitionerOf(role), organizationOf(role)].filter((reference) => reference !== undefined);
}

/**
 * The dependencies of rooms that a change of this resource concerns: the resource itself, and for a role the staff of its
 * organisation.
 */
export function dependencyKeysOf(resource: FhirResource & { readonly id: string }): readonly Dependency[] {
  const own = referenceTo(resource.resourceType, resource.id);
  const organization = resource.resourceType === 'PractitionerRole' ? organizationOf(resource) : undefined;
  return organization === undefined ? [own] : [own, staffOf(organization)];
}

/** The Practitioner who holds a role, where it names one. */
export function practitionerOf({ practitioner }: PractitionerRole): FhirReference | undefined {
  return referenceOfType('Practitioner', practitioner?.reference);
}

/** The Organization in which a role is held, where it names one. */
export function organizationOf({ organization }: PractitionerRole): FhirReference | undefined {
  return referenceOfType('Organization', organization?.reference);
}

function referenceOfType(resourceType: string, reference: string | undefined): FhirReference | undefined {
  const parsed = parseReference(reference);
  return parsed?.resourceType === resourceType ? parsed.reference : undefined;
}

/**
 * The account of a person. In this order: the address that they publish, if it is believed (in the roles that they hold, then in
 * their own resource); the stored account; the account in a directory; the ghost. An ambiguous answer does not count.
 * @param storedFor the account that an operator stored for a reference
 * @param inDirectory the account that a directory gives
 */
export function accountOf(
  { reference, resource, roles }: Identity,
  given: TelecomReading & {
    /** Whether it is the bridge's own user: a published one does not count, and makes no other ambiguous. */
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
    .map((telecom) => matrixAddressIn(telecom, given, given.isOwn))
    .find((address) => address !== undefined && given.isBelieved(address));
  if (published !== undefined) return { userId: published, kind: 'user', source: 'telecom' };
  const ofRoles = roles.flatMap(
    ({ role }) => given.storedFor(`PractitionerRole/${role.id ?? ''}` as FhirReference) ?? [],
  );
  const stored = given.storedFor(reference) ?? (new Set(ofRoles).size === 1 ? ofRoles[0] : undefined);
  if (stored !== undefined) return { userId: stored, kind: 'user', source: 'stored' };
  if (given.inDirectory !== undefined)
    return { userId: given.inDirectory, kind: 'user', source: 'directory' };
  return { userId: given.ghost, kind: 'ghost', source: 'ghost' };
}

/** Whether a role is held at a moment, in milliseconds since the epoch. */
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

function unreadPerson(reference: FhirReference, role: PractitionerRole | undefined): Person {
  const display = role?.practitioner?.display;
  return {
    resourceType: typeOf(reference),
    id: idOf(reference),
    ...(display !== undefined && { name: [{ text: display }] }),
  } as Person;
}
