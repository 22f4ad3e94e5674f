// The name by which a person is shown in rooms: professionals in full, patients and relatives by policy.
import type { HumanName } from 'fhir/r4.js';
import type { Organization, Person, Practitioner, PractitionerRole } from '../domain/fhir.ts';

/** How much of a patient's or relative's name is shown in rooms; professionals are shown by their full name. */
export type NamePolicy = 'full' | 'initials' | 'role';

/** What stands beside a PractitionerRole, as far as it was read. */
interface RoleContext {
  readonly practitioner?: Practitioner | undefined;
  readonly organization?: Organization | undefined;
}

/** The most characters of a display name; homeservers refuse more than 256. */
const LONGEST_NAME = 100;

/** The name a ghost shows: a professional's or organisation's in full, a patient's or relative's by policy. */
export function displayNameOf(person: Person, policy: NamePolicy, context: RoleContext = {}): string {
  switch (person.resourceType) {
    case 'Organization':
      return nameOfOrganization(person) ?? 'Organisation';
    case 'PractitionerRole':
    case 'Practitioner':
      return nameOfProfessional(person, context) ?? 'Professional';
    case 'RelatedPerson':
      return nameUnderPolicy(person.name, 'Relative', policy);
    case 'Patient':
      return nameUnderPolicy(person.name, 'Client', policy);
  }
}

/** The full name of a professional; undefined where none is known. */
export function nameOfProfessional(
  person: Practitioner | PractitionerRole,
  context: RoleContext = {},
): string | undefined {
  return person.resourceType === 'Practitioner' ? fullName(person.name) : nameOfRole(person, context);
}

/** The name of an organisation; undefined where none is known. */
export function nameOfOrganization({ name }: { readonly name?: string | undefined }): string | undefined {
  return clean(name);
}

/** The name of the person who has the role; if that is unknown, the role and its organisation. */
function nameOfRole(role: PractitionerRole, { practitioner, organization }: RoleContext): string | undefined {
  const holder = fullName(practitioner?.name) ?? clean(role.practitioner?.display);
  if (holder !== undefined) return holder;
  const code = role.code?.[0];
  const what = clean(code?.text ?? code?.coding?.find(({ display }) => display !== undefined)?.display);
  const where = clean(organization?.name ?? role.organization?.display);
  return clean([what, where].filter((part) => part !== undefined).join(', '));
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

/** An old or maiden name is not shown. */
function preferredName(names: HumanName[] | undefined): HumanName | undefined {
  return (
    names?.find((name) => name.use === 'official') ??
    names?.find((name) => name.use !== 'old' && name.use !== 'maiden')
  );
}

function fullName(names: HumanName[] | undefined): string | undefined {
  const name = preferredName(names);
  if (name === undefined) return undefined;
  const parts = [...(name.prefix ?? []), ...(name.given ?? []), name.family, ...(name.suffix ?? [])];
  return clean(name.text) ?? clean(parts.filter((part) => part !== undefined).join(' '));
}

/**
 * The first letters of a name. There are none in scripts in which one character is a whole name or half of it, because
 * they would say more than an initial does. A word that is no name (a date, a number, a remark in brackets) has none.
 */
function initialsOf(names: HumanName[] | undefined): string {
  const name = preferredName(names);
  const isStructured = name?.given !== undefined || name?.family !== undefined;
  const given = isStructured ? (name.given ?? []) : words(name?.text);
  const family = isStructured ? words(name.family) : [];
  // A given name may be recorded as an initial; a surname of one letter would be shown whole.
  const parts = [...given.flatMap(words), ...family.filter((word) => word.length > 1)];
  const letters = parts.map((part) => /^\p{L}/u.exec(part.normalize('NFC'))?.[0] ?? '');
  if (letters.some((letter) => !ALPHABETIC.test(letter))) return '';
  return letters.map((letter) => (letter === '' ? '' : `${letter.toUpperCase().slice(0, 1)}.`)).join('');
}

/** A letter of an alphabet, or nothing. */
const ALPHABETIC =
  /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Georgian}\p{Script=Hebrew}\p{Script=Arabic}]?$/u;

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

/** On one line, without bidirectional controls, of limited length; undefined when nothing is left. */
function clean(text: string | undefined): string | undefined {
  const plain = (text ?? '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/\p{Bidi_Control}/gu, '')
    .trim();
  return Array.from(plain).slice(0, LONGEST_NAME).join('').trim() || undefined;
}
