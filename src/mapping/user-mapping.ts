// The content of the state event `custom.user_mappings`: which FHIR person a ghost stands for. Never with a BSN.
import type { ContactPoint, Identifier } from 'fhir/r4.js';
import { contactsInUse } from './contacts.ts';
import { isHeldAt, type Identity } from './identities.ts';

/** For which ghosts it is written, and whether it holds the e-mail address. */
interface UserMappingPolicy {
  readonly for: 'off' | 'professionals' | 'all';
  readonly email: boolean;
}

/** The three names of one identifier system: a professional's number in the UZI register. */
const UZI_SYSTEMS: ReadonlySet<string> = new Set([
  'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers',
  'http://fhir.nl/fhir/NamingSystem/uzi',
  'urn:oid:2.16.528.1.1007.3.1',
]);
/** A care organisation's number in the URA register. */
const URA_SYSTEMS: ReadonlySet<string> = new Set([
  'http://fhir.nl/fhir/NamingSystem/ura',
  'urn:oid:2.16.528.1.1007.3.3',
]);
const UZI_DIGITS = 9;
const URA_DIGITS = 8;

/**
 * The content for a person's ghost; undefined if none is written. Roles and contacts that have ended do not count.
 * @param at milliseconds since the epoch
 */
export function userMappingOf(
  { reference, resource, roles }: Pick<Identity, 'reference' | 'resource' | 'roles'>,
  policy: UserMappingPolicy,
  at: number,
): Readonly<Record<string, string>> | undefined {
  const isProfessional = resource.resourceType !== 'Patient' && resource.resourceType !== 'RelatedPerson';
  if (policy.for === 'off' || (policy.for === 'professionals' && !isProfessional)) return undefined;
  if (!isProfessional) {
    const email = policy.email ? emailIn(resource.telecom, at, isEmail) : undefined;
    return withoutBlanks({ fhirRef: reference, email });
  }
  // Number and role code come from the same role: otherwise they could belong to two organisations.
  const held = roles.filter(({ role }) => isHeldAt(role, at));
  const main = held.toSorted((a, b) => compare(a.role.id ?? '', b.role.id ?? ''))[0];
  const organization = resource.resourceType === 'Organization' ? resource : main?.organization;
  const telecom = [...held.flatMap(({ role }) => role.telecom ?? []), ...(resource.telecom ?? [])];
  return withoutBlanks({
    fhirRef: reference,
    uraNr: numberIn(organization?.identifier, URA_SYSTEMS, URA_DIGITS),
    uziNr:
      resource.resourceType === 'Practitioner'
        ? numberIn(resource.identifier, UZI_SYSTEMS, UZI_DIGITS)
        : undefined,
    roleCode: main?.role.code?.[0]?.coding?.[0]?.code,
    email: policy.email ? emailIn(telecom, at, isWorkEmail) : undefined,
  });
}

/** A number of a register, padded to its length. @returns undefined when there is none, when it is malformed, or with two */
function numberIn(
  identifiers: readonly Identifier[] | undefined,
  systems: ReadonlySet<string>,
  digits: number,
): string | undefined {
  const numbers = (identifiers ?? [])
    .filter(({ system, use }) => systems.has(system ?? '') && use !== 'old')
    .map(({ value }) => value?.trim() ?? '')
    .filter((value) => /^\d+$/.test(value) && value.length <= digits && Number(value) !== 0)
    .map((value) => value.padStart(digits, '0'));
  const [first, second] = new Set(numbers);
  return second === undefined ? first : undefined;
}

function emailIn(
  telecom: readonly ContactPoint[] | undefined,
  at: number,
  isWanted: (contact: ContactPoint) => boolean,
): string | undefined {
  return contactsInUse(telecom, at).find(isWanted)?.value;
}

function isEmail({ system, value }: ContactPoint): boolean {
  return system === 'email' && (value ?? '') !== '';
}

/** A professional's private address is no one's business. */
function isWorkEmail(contact: ContactPoint): boolean {
  return isEmail(contact) && contact.use !== 'home';
}

function withoutBlanks(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const filled = Object.entries(fields).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(filled);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
