// The personal data that the patients and relatives of the tests bear, and how any of it is found in a text.
import { createHash } from 'node:crypto';
import type { Resource } from '../../stack/demo/platform.ts';

/** What identifies a person. Each part is unlike anything that appears in a log by chance. */
export interface PersonalData {
  readonly given: string;
  readonly family: string;
  /** YYYY-MM-DD. */
  readonly birthDate: string;
  /** From the range for tests, with a valid check digit. */
  readonly bsn: string;
  readonly email: string;
  /** Dutch mobile number: +316 and eight digits. */
  readonly phone: string;
}

/** Of the patient. Initials: J.D.V. */
export const CLIENT: PersonalData = {
  given: 'Johannus',
  family: 'de Vreeswijkhof',
  birthDate: '1938-07-16',
  bsn: '999990019',
  email: 'stormvogel38@post.example',
  phone: '+31687140925',
};

/** Of the relative, the patient's daughter. Initials: K.D.V. */
export const DAUGHTER: PersonalData = {
  given: 'Kunigonda',
  family: 'de Vreeswijkhof',
  birthDate: '1966-11-23',
  bsn: '999990020',
  email: 'zandlopertje@post.example',
  phone: '+31685307946',
};

/** How the two are shown in rooms by the policies `initials` (the default) and `role`. */
export const ALLOWED_DISPLAY_NAMES: readonly string[] = [
  ...['J.D.V. (client)', 'K.D.V. (relative)'],
  ...['Client', 'Relative'],
];

const BEARERS: Readonly<Record<string, PersonalData>> = { Patient: CLIENT, RelatedPerson: DAUGHTER };

/** The resource with all that is known of its person: a Patient's, a RelatedPerson's, or a CareTeam's named after the patient. */
export function withPersonalData<R extends Resource>(resource: R): R {
  if (resource.resourceType === 'CareTeam') {
    return { ...resource, name: `Zorgnetwerk ${CLIENT.given} ${CLIENT.family}` };
  }
  const bearer = BEARERS[resource.resourceType];
  if (bearer === undefined) return resource;
  const { given, family, birthDate, bsn, email, phone } = bearer;
  const telecom = Array.isArray(resource['telecom']) ? (resource['telecom'] as unknown[]) : [];
  return {
    ...resource,
    identifier: [{ system: 'http://fhir.nl/fhir/NamingSystem/bsn', value: bsn }],
    name: [{ given: [given], family }],
    birthDate,
    telecom: [...telecom, { system: 'email', value: email }, { system: 'phone', value: phone }],
  };
}

/** A piece of personal data in all its forms: the one it is most often written in, and a pattern of all. */
export interface ForbiddenDatum {
  readonly what: string;
  readonly example: string;
  readonly pattern: RegExp;
}

/** What must not be found where personal data does not belong. */
export const FORBIDDEN: readonly ForbiddenDatum[] = [
  ...forbiddenOf('client', CLIENT),
  ...forbiddenOf('daughter', DAUGHTER),
  // The people of the demo, whom some tests use as they are.
  { what: 'name in the demo', example: 'de Vries', pattern: /de(?:%20|[\s+_.-])?Vries/gi },
];

function forbiddenOf(who: string, person: PersonalData): ForbiddenDatum[] {
  const { given, family, birthDate, bsn, email, phone } = person;
  const [year = '', month = '', day = ''] = birthDate.split('-');
  const [localpart = ''] = email.split('@');
  const number = phone.slice('+316'.length);
  // Letters are found within words too; digits stand alone, so that no long number has them by chance.
  const digits = (form: string): RegExp => new RegExp(`(?<!\\d)(?:${form})(?!\\d)`, 'g');
  return [
    { what: `given name of the ${who}`, example: given, pattern: new RegExp(given, 'gi') },
    {
      what: `family name of the ${who}`,
      example: family,
      pattern: new RegExp(family.split(' ').at(-1) ?? family, 'gi'),
    },
    {
      what: `birth date of the ${who}`,
      example: birthDate,
      pattern: digits(`${year}[-/.]?${month}[-/.]?${day}|${day}[-/. ]?${month}[-/. ]?${year}`),
    },
    { what: `BSN of the ${who}`, example: bsn, pattern: digits(bsn) },
    // Without a key, anyone can try all nine digits.
    { what: `plain hash of the ${who}’s BSN`, example: sha256(bsn), pattern: new RegExp(sha256(bsn), 'gi') },
    { what: `e-mail address of the ${who}`, example: email, pattern: new RegExp(localpart, 'gi') },
    {
      what: `phone number of the ${who}`,
      example: phone,
      pattern: digits(`(?:(?:00)?31|0)[ -]?6[ -]?${number}`),
    },
  ];
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A message that holds every piece of it, as a careless person might write one. */
export function carelessMessage(): string {
  return FORBIDDEN.map(({ example }) => example).join(', ');
}

/** What of it a text holds: each find as what it is, with the text around it. */
export function findPersonalData(text: string): readonly { readonly what: string; readonly where: string }[] {
  return FORBIDDEN.flatMap(({ what, pattern }) =>
    [...text.matchAll(pattern)].map(({ index }) => ({
      what,
      where: text.slice(Math.max(0, index - 120), index + 120),
    })),
  );
}
