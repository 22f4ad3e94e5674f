// Reads Matrix addresses and homeservers from the telecom of resources, in every form that the guides use.
import type { ContactPoint } from 'fhir/r4.js';
import { isMatrixUserId, type MatrixUserId } from '../domain/ids.ts';
import { withoutTrailing } from '../domain/trailing.ts';
import { contactsInUse } from './contacts.ts';

const CONTACT_PURPOSE = 'http://hl7.org/fhir/StructureDefinition/contactpoint-purpose';
const MESSAGING_PURPOSE = 'matrix-messaging';
const HOMESERVER_PURPOSE = 'matrix-homeserver';
const SERVER_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::\d{1,5})?$/;

/** How contacts are read. */
export interface TelecomReading {
  /** The moment at which a contact is to be in use, in milliseconds since the epoch. */
  readonly at: number;
  /** Whether forms count that other things could have as well: an untagged `@u:hs`, a matrix.to link without slash. */
  readonly isLenient: boolean;
}

/**
 * The Matrix address among contacts: `@u:hs` tagged `matrix-messaging`, `matrix:u/u:hs`, or a matrix.to link.
 * A second, different address makes it ambiguous. A contact that is not in use does not count.
 * @param isIgnored addresses that do not count, not even as a second one
 * @returns undefined when there is none, or more than one
 */
export function matrixAddressIn(
  telecom: readonly ContactPoint[] | undefined,
  reading: TelecomReading,
  isIgnored: (address: MatrixUserId) => boolean = () => false,
): MatrixUserId | undefined {
  const [first, second] = matrixAddressesIn(telecom, reading).filter((address) => !isIgnored(address));
  return second === undefined ? first : undefined;
}

/** All different Matrix addresses that contacts in use name. */
export function matrixAddressesIn(
  telecom: readonly ContactPoint[] | undefined,
  { at, isLenient }: TelecomReading,
): readonly MatrixUserId[] {
  const addresses = contactsInUse(telecom, at).map((contact) => addressInContactPoint(contact, isLenient));
  return [...new Set(addresses.filter((id) => id !== undefined))];
}

/**
 * The contact that publishes a Matrix address, in the form of the Dutch specification.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-matrix-user-discovery-via-mcsd
 */
export function matrixContact(userId: MatrixUserId): ContactPoint {
  return {
    system: 'other',
    value: userId,
    extension: [{ url: CONTACT_PURPOSE, valueString: MESSAGING_PURPOSE }],
  };
}

/**
 * All different homeservers among the contacts of an organisation that are in use: host names tagged
 * `matrix-homeserver`.
 * @param at milliseconds since the epoch
 */
export function homeserversIn(telecom: readonly ContactPoint[], at: number): readonly string[] {
  const tagged = contactsInUse(telecom, at).filter((contact) => hasPurpose(contact, HOMESERVER_PURPOSE));
  return [...new Set(tagged.flatMap(({ value }) => homeserverNamed(value ?? '') ?? []))];
}

/** The server name in a host name, or in the https URL of a homeserver. */
export function homeserverNamed(value: string): string | undefined {
  const host = withoutTrailing(
    value
      .trim()
      .toLowerCase()
      .replace(/^https:\/\//, ''),
    '/',
  );
  return SERVER_NAME.test(host) ? host : undefined;
}

function addressInContactPoint(contact: ContactPoint, isLenient: boolean): MatrixUserId | undefined {
  const isTagged = hasPurpose(contact, MESSAGING_PURPOSE) || (isLenient && !hasAnyPurpose(contact));
  const mayHoldOne = contact.system === 'url' || (contact.system === 'other' && isTagged);
  if (!mayHoldOne) return undefined;
  const value = contact.value?.trim() ?? '';
  const address = addressOfForm(value) ?? (isLenient ? addressWithoutSlash(value) : undefined);
  return address !== undefined && isMatrixUserId(address) ? address : undefined;
}

function addressOfForm(value: string): string | undefined {
  if (value.startsWith('@')) return value;
  const [, localpartAndServer] = /^matrix:u\/([^/?]+)$/.exec(value) ?? [];
  if (localpartAndServer !== undefined) return `@${localpartAndServer}`;
  const [, identifier] = /^https:\/\/matrix\.to\/#\/([^/?]+)$/.exec(value) ?? [];
  return identifier === undefined ? undefined : safeDecode(identifier);
}

/**
 * The form in the examples of the Dutch generic functions: to Matrix clients it is a link to nothing.
 * https://github.com/nuts-foundation/nl-generic-functions-ig/blob/main/input/fsh/examples/admin-directory-org3.fsh
 */
function addressWithoutSlash(value: string): string | undefined {
  const [, identifier] = /^https:\/\/matrix\.to\/#@?([^/?@#]+)$/.exec(value) ?? [];
  return identifier === undefined ? undefined : `@${identifier}`;
}

function safeDecode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function hasAnyPurpose({ extension = [] }: ContactPoint): boolean {
  return extension.some(({ url }) => url === CONTACT_PURPOSE);
}

/** The Dutch specification writes the extension as a string, HL7 as a CodeableConcept. Both are read. */
function hasPurpose({ extension = [] }: ContactPoint, purpose: string): boolean {
  return extension
    .filter(({ url }) => url === CONTACT_PURPOSE)
    .some(
      ({ valueString, valueCodeableConcept: concept }) =>
        valueString === purpose || (concept?.coding ?? []).some(({ code }) => code === purpose),
    );
}
