// Who a resource is in Matrix: its published address, the name it is shown by, and its power by type of member.
import type { ContactPoint, Extension, HumanName } from 'fhir/r4.js';
import type { Person } from '../domain/fhir.ts';
import type { MatrixUserId } from '../domain/ids.ts';
import { isMatrixUserId } from '../domain/ids.ts';

/** How much of a patient's or relative's name is shown in rooms; professionals are shown by their full name. */
export type NamePolicy = 'full' | 'initials' | 'role';

const CONTACT_PURPOSE = 'http://hl7.org/fhir/StructureDefinition/contactpoint-purpose';
const MESSAGING_PURPOSE = 'matrix-messaging';

/** Power by type of member (specificatie.md §4; facts in docs/reference/power-levels.md). */
const LEVEL_BY_TYPE: Readonly<Record<Person['resourceType'], number>> = {
  Practitioner: 75,
  PractitionerRole: 75,
  Organization: 75,
  RelatedPerson: 50,
  Patient: 25,
};

/** Power level of a person by the type of their resource: 75 professional, 50 relative, 25 patient. */
export function powerLevelOf(person: Person): number {
  return LEVEL_BY_TYPE[person.resourceType];
}

/**
 * The Matrix address a resource publishes in its telecom: `@u:hs` tagged `matrix-messaging`, `matrix:u/u:hs`,
 * or a matrix.to link. A second, different address makes it ambiguous; one that is out of use does not count.
 * @returns undefined when there is none, or more than one
 */
export function matrixAddressOf(person: Person): MatrixUserId | undefined {
  const found = new Set((person.telecom ?? []).map(addressInContactPoint).filter((id) => id !== undefined));
  const [first, second] = found;
  return second === undefined ? first : undefined;
}

function addressInContactPoint(contact: ContactPoint): MatrixUserId | undefined {
  if (contact.use === 'old') return undefined;
  const value = contact.value?.trim() ?? '';
  const candidate =
    contact.system === 'other' && (contact.extension ?? []).some(isMessagingPurpose)
      ? addressOfForm(value)
      : contact.system === 'url'
        ? addressOfForm(value)
        : undefined;
  return candidate !== undefined && isMatrixUserId(candidate) ? candidate : undefined;
}

function addressOfForm(value: string): string | undefined {
  if (value.startsWith('@')) return value;
  const [, localpartAndServer] = /^matrix:u\/([^/?]+)$/.exec(value) ?? [];
  if (localpartAndServer !== undefined) return `@${localpartAndServer}`;
  const [, identifier] = /^https:\/\/matrix\.to\/#\/([^/?]+)$/.exec(value) ?? [];
  return identifier === undefined ? undefined : safeDecode(identifier);
}

function safeDecode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** The extension exists as a string (Dutch specification §7) and as a CodeableConcept (HL7): both are read. */
function isMessagingPurpose(extension: Extension): boolean {
  if (extension.url !== CONTACT_PURPOSE) return false;
  return (
    extension.valueString === MESSAGING_PURPOSE ||
    (extension.valueCodeableConcept?.coding ?? []).some((coding) => coding.code === MESSAGING_PURPOSE)
  );
}

/** The name a ghost shows: a professional's or organisation's in full, a patient's or relative's by policy. */
export function displayNameOf(person: Person, policy: NamePolicy): string {
  switch (person.resourceType) {
    case 'Organization':
      return person.name ?? 'Organisation';
    case 'PractitionerRole':
      return person.practitioner?.display ?? person.organization?.display ?? 'Professional';
    case 'Practitioner':
      return fullName(person.name) ?? 'Professional';
    case 'RelatedPerson':
      return nameUnderPolicy(person.name, 'Relative', policy);
    case 'Patient':
      return nameUnderPolicy(person.name, 'Client', policy);
  }
}

function nameUnderPolicy(names: HumanName[] | undefined, role: string, policy: NamePolicy): string {
  switch (policy) {
    case 'full':
      return fullName(names) ?? role;
    case 'initials': {
      const initials = initialsOf(names);
      return initials === '' ? role : `${initials} (${role.toLowerCase()})`;
    }
    case 'role':
      return role;
  }
}

function preferredName(names: HumanName[] | undefined): HumanName | undefined {
  return (
    names?.find((name) => name.use === 'official') ?? names?.find((name) => name.use !== 'old') ?? names?.[0]
  );
}

function fullName(names: HumanName[] | undefined): string | undefined {
  const name = preferredName(names);
  if (name === undefined) return undefined;
  const text = name.text ?? [...(name.prefix ?? []), ...(name.given ?? []), name.family].join(' ');
  return text.replace(/\s+/g, ' ').trim() || undefined;
}

function initialsOf(names: HumanName[] | undefined): string {
  const name = preferredName(names);
  const parts =
    name?.given === undefined && name?.family === undefined ? (name?.text ?? '').split(/\s+/) : undefined;
  return (parts ?? [...(name?.given ?? []), ...(name?.family?.split(/\s+/) ?? [])])
    .map((part) => part.charAt(0).toUpperCase())
    .filter((letter) => letter !== '')
    .map((letter) => `${letter}.`)
    .join('');
}
