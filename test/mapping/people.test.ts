// Who a FHIR person is in Matrix: published addresses, names by policy, ghosts.
import type { HumanName } from 'fhir/r4.js';
import { describe, expect, test } from 'vitest';
import type { Person } from '../../src/domain/fhir.ts';
import { ghostUserId, roomMarker } from '../../src/mapping/ghosts.ts';
import { matrixAddressIn } from '../../src/mapping/matrix-address.ts';
import { displayNameOf } from '../../src/mapping/people.ts';
import { ref } from '../builders/fhir.ts';

const PURPOSE = 'http://hl7.org/fhir/StructureDefinition/contactpoint-purpose';
const person = (resourceType: Person['resourceType'], over: object = {}): Person =>
  ({ resourceType, ...over }) as Person;
const tagged = (value: string, over: object = {}) => ({
  system: 'other',
  value,
  extension: [{ url: PURPOSE, valueString: 'matrix-messaging' }],
  ...over,
});
const url = (value: string) => ({ system: 'url', value });
const at = Date.parse('2025-09-26T12:00:00Z');
const addressOf = (...telecom: readonly object[]) => matrixAddressIn(telecom, { at, isLenient: false });
const leniently = (...telecom: readonly object[]) => matrixAddressIn(telecom, { at, isLenient: true });

describe('every published form of a Matrix address is read', () => {
  test.each([
    ['the Dutch specification’s', tagged('@jan:zorg.example'), '@jan:zorg.example'],
    [
      'HL7’s CodeableConcept as purpose',
      tagged('@jan:zorg.example', {
        extension: [{ url: PURPOSE, valueCodeableConcept: { coding: [{ code: 'matrix-messaging' }] } }],
      }),
      '@jan:zorg.example',
    ],
    ['tagged, as a matrix: URI', tagged('matrix:u/jan:zorg.example'), '@jan:zorg.example'],
    ['a matrix: URI', url('matrix:u/jan:zorg.example:8448'), '@jan:zorg.example:8448'],
    ['a matrix.to link', url('https://matrix.to/#/@jan:zorg.example'), '@jan:zorg.example'],
    ['a matrix.to link, encoded', url('https://matrix.to/#/%40jan%3Azorg.example'), '@jan:zorg.example'],
    ['with spaces around it', tagged('  @jan:zorg.example '), '@jan:zorg.example'],
    ['a localpart of older accounts', tagged('@Jan/de=Vries:zorg.example'), '@Jan/de=Vries:zorg.example'],
  ])('%s', (_, contact, expected) => {
    expect(addressOf(contact)).toBe(expected);
  });
});

describe('other values are no Matrix address', () => {
  test.each([
    ['a tag without purpose', { system: 'other', value: '@jan:zorg.example' }],
    [
      'another purpose',
      tagged('@jan:zorg.example', { extension: [{ url: PURPOSE, valueString: 'matrix-homeserver' }] }),
    ],
    ['an e-mail address', { system: 'email', value: '@jan:zorg.example' }],
    ['no server', tagged('@jan')],
    ['a space inside', tagged('@jan de vries:zorg.example')],
    ['a slash in the server', tagged('@jan:zorg.example/path')],
    ['a room', url('https://matrix.to/#/!room:zorg.example')],
    ['the malformed form of one guide', url('https://matrix.to/#doctorno:cp3.example.org')],
    ['another site', url('https://matrix.to.evil.example/#/@jan:zorg.example')],
    ['a broken encoding', url('https://matrix.to/#/%E0%A4%A')],
    ['over 255 bytes', tagged(`@${'j'.repeat(250)}:zorg.example`)],
    ['one that is out of use', tagged('@jan:zorg.example', { use: 'old' })],
    ['one whose period is over', tagged('@jan:zorg.example', { period: { end: '2025-09-25' } })],
    ['one whose period has not begun', tagged('@jan:zorg.example', { period: { start: '2025-10' } })],
    ['nothing', {}],
  ])('%s', (_, contact) => {
    expect(addressOf(contact)).toBeUndefined();
  });
});

describe('where telecom is read leniently', () => {
  test.each<[string, object, string | undefined]>([
    [
      'the comparison with the TI-Messenger has no purpose',
      { system: 'other', value: '@dr.jansen:hospital-a.nl' },
      '@dr.jansen:hospital-a.nl',
    ],
    [
      'the generic functions leave out slash and @',
      { ...url('https://matrix.to/#doctorno:cp3.example.org'), use: 'work' },
      '@doctorno:cp3.example.org',
    ],
    ['the strict forms count still', tagged('@jan:zorg.example'), '@jan:zorg.example'],
    [
      'another purpose is another purpose',
      tagged('@jan:zorg.example', { extension: [{ url: PURPOSE, valueString: 'matrix-homeserver' }] }),
      undefined,
    ],
    ['an e-mail address stays one', { system: 'email', value: '@jan:zorg.example' }, undefined],
    ['a pager is no account', { system: 'pager', value: '@jan:zorg.example' }, undefined],
    ['a room stays a room', url('https://matrix.to/#/!room:zorg.example'), undefined],
    ['an alias stays an alias', url('https://matrix.to/#/#jan:zorg.example'), undefined],
    ['an alias without slash is one too', url('https://matrix.to/##jan:zorg.example'), undefined],
    ['another site is another site', url('https://matrix.to.evil.example/#jan:zorg.example'), undefined],
    ['a path is no server', url('https://matrix.to/#jan:zorg.example/$event'), undefined],
    ['one out of use is out of use', { system: 'other', value: '@jan:zorg.example', use: 'old' }, undefined],
  ])('%s', (_, contact, expected) => {
    expect(leniently(contact)).toBe(expected);
  });

  test('a second, different address makes it ambiguous', () => {
    const untagged = { system: 'other', value: '@piet:zorg.example' };
    expect(leniently(tagged('@jan:zorg.example'), untagged)).toBeUndefined();
  });
});

describe('several addresses', () => {
  test('the same address in two forms is one address', () => {
    expect(addressOf(tagged('@jan:zorg.example'), url('matrix:u/jan:zorg.example'))).toBe(
      '@jan:zorg.example',
    );
  });
  test('two different addresses are ambiguous: none is used', () => {
    expect(addressOf(tagged('@jan:zorg.example'), tagged('@piet:zorg.example'))).toBeUndefined();
  });
  test('a malformed or unused address beside a good one is ignored', () => {
    const old = tagged('@jan:former.example', { use: 'old' });
    const over = tagged('@jan:before.example', { period: { end: '2024' } });
    const present = tagged('@jan:zorg.example', { period: { start: '2025-01-01', end: '2025-09-26' } });
    expect(addressOf(tagged('jan'), old, over, present)).toBe('@jan:zorg.example');
  });
});

describe('a name shows what the policy allows', () => {
  const name = [{ use: 'official', given: ['Jan', 'Willem'], family: 'van Dijk', prefix: ['dhr.'] }];
  test.each([
    ['Patient', { name }, 'dhr. Jan Willem van Dijk', 'J.W.V.D. (client)', 'Client'],
    ['RelatedPerson', { name }, 'dhr. Jan Willem van Dijk', 'J.W.V.D. (relative)', 'Relative'],
    [
      'Practitioner',
      { name },
      'dhr. Jan Willem van Dijk',
      'dhr. Jan Willem van Dijk',
      'dhr. Jan Willem van Dijk',
    ],
    ['Practitioner', {}, 'Professional', 'Professional', 'Professional'],
    ['Patient', {}, 'Client', 'Client', 'Client'],
    ['Patient', { name: [{ text: 'Anna  Smit' }] }, 'Anna Smit', 'A.S. (client)', 'Client'],
    [
      'Patient',
      { name: [{ use: 'old', text: 'Anna Smit' }, { text: 'Anna Bakker' }] },
      'Anna Bakker',
      'A.B. (client)',
      'Client',
    ],
    ['Organization', { name: 'Apotheek' }, 'Apotheek', 'Apotheek', 'Apotheek'],
    ['PractitionerRole', { practitioner: { display: 'Dr. No' } }, 'Dr. No', 'Dr. No', 'Dr. No'],
    ['PractitionerRole', { organization: { display: 'Clinic' } }, 'Clinic', 'Clinic', 'Clinic'],
  ] as const)('%s %o', (type, over, full, initials, role) => {
    expect(displayNameOf(person(type, over), 'full')).toBe(full);
    expect(displayNameOf(person(type, over), 'initials')).toBe(initials);
    expect(displayNameOf(person(type, over), 'role')).toBe(role);
  });
});

describe('a PractitionerRole without a known holder', () => {
  const display = (over: object, organization?: string) =>
    displayNameOf(person('PractitionerRole', over), 'full', {
      organization:
        organization === undefined ? undefined : { resourceType: 'Organization', name: organization },
    });
  test.each([
    ['is named by role and organisation', { code: [{ text: 'GP' }] }, 'Clinic West', 'GP, Clinic West'],
    [
      'by the display of its code',
      { code: [{ coding: [{ code: '1' }, { display: 'Nurse' }] }] },
      undefined,
      'Nurse',
    ],
    ['by its organisation', { organization: { display: 'Clinic' } }, undefined, 'Clinic'],
    ['by the organisation that was read first', { organization: { display: 'Old' } }, 'New', 'New'],
    ['else plainly', {}, undefined, 'Professional'],
  ])('%s', (_, over, organization, expected) => {
    expect(display(over, organization)).toBe(expected);
  });

  test('with one, by the holder', () => {
    const practitioner = { resourceType: 'Practitioner' as const, name: [{ text: 'Dr. No' }] };
    const role = person('PractitionerRole', { code: [{ text: 'GP' }], practitioner: { display: 'Dr. Yes' } });
    expect(displayNameOf(role, 'full', { practitioner })).toBe('Dr. No');
  });
});

describe('initials never show more than initials', () => {
  test.each<[string, HumanName | undefined, string]>([
    ['a text with remarks', { text: 'Smit, Anna (geb. 12-03-1950) BSN 999911120' }, 'S.A.B. (client)'],
    ['a text of one word', { text: 'Anna' }, 'A. (client)'],
    ['a single given name', { given: ['Anna'] }, 'A. (client)'],
    ['given names that are initials', { given: ['A.', 'B'], family: 'Smit' }, 'A.B.S. (client)'],
    ['prefix and suffix left out', { prefix: ['drs.'], given: ['Jan'], suffix: ['MD'] }, 'J. (client)'],
    ['a surname of one letter', { given: ['Jan'], family: 'O' }, 'J. (client)'],
    ['a decomposed letter', { given: ['E\u0301mile'] }, 'É. (client)'],
    ['a letter that grows in upper case', { given: ['ßen'] }, 'S. (client)'],
    ['Cyrillic', { given: ['Анна'], family: 'Смит' }, 'А.С. (client)'],
    ['a Chinese name, of which one character is half', { given: ['伟'], family: '王' }, 'Client'],
    ['a Korean name', { given: ['민준'], family: '김' }, 'Client'],
    ['a Japanese name as text', { text: '山田 太郎' }, 'Client'],
    ['two scripts', { given: ['Wei'], family: '王伟' }, 'Client'],
    ['an emoji', { given: ['😀'] }, 'Client'],
    ['digits', { text: '999911120' }, 'Client'],
    ['an empty name', { given: [''], family: '' }, 'Client'],
    ['an old name', { use: 'old', given: ['Anna'] }, 'Client'],
    ['a maiden name', { use: 'maiden', given: ['Anna'] }, 'Client'],
    ['no name', undefined, 'Client'],
  ])('%s', (_, name, expected) => {
    const patient = person('Patient', name === undefined ? {} : { name: [name] });
    expect(displayNameOf(patient, 'initials')).toBe(expected);
  });
});

test.each([
  ['on one line', 'Dr.\n\tNo\u0000', 'Dr. No'],
  ['without bidirectional controls', 'Dr.\u202e oN', 'Dr. oN'],
  ['of limited length', 'x'.repeat(300), 'x'.repeat(100)],
  ['and if nothing is left, by the type', '\u2066 \u2069', 'Professional'],
])('a name is shown %s', (_, text, expected) => {
  expect(displayNameOf(person('Practitioner', { name: [{ text }] }), 'full')).toBe(expected);
});

describe('ghosts', () => {
  const OPTIONS = { key: 'a key of the operator', prefix: '_fhir_', serverName: 'example.org' };
  const ghost = (reference: string, over: Partial<typeof OPTIONS> = {}) =>
    ghostUserId(ref(reference), { ...OPTIONS, ...over });

  test('the user id of a person stays the same for ever', () => {
    expect(ghost('Patient/12')).toBe('@_fhir_x8myfdpmh4bexc4eb9rmxkr0:example.org');
  });

  test('localparts are legal and opaque: 24 characters of a-z and 0-9 after the prefix', () => {
    for (const id of ['12', 'bsn-999911120', 'A.b', 'x'.repeat(64)]) {
      expect(ghost(`Patient/${id}`)).toMatch(/^@_fhir_[a-z0-9]{24}:example\.org$/);
      if (id.length > 3) expect(ghost(`Patient/${id}`).toLowerCase()).not.toContain(id.toLowerCase());
    }
  });

  test('references or keys that differ only in case, type or key give different ghosts', () => {
    const ids = [
      ghost('Patient/a'),
      ghost('Patient/A'),
      ghost('RelatedPerson/a'),
      ghost('Patient/a', { key: 'another key' }),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  test('a room’s marker depends on room, generation and key, and shows none of them', () => {
    const markers = [
      roomMarker(ref('CareTeam/1'), 0, 'key'),
      roomMarker(ref('CareTeam/1'), 1, 'key'),
      roomMarker(ref('CareTeam/2'), 0, 'key'),
      roomMarker(ref('CareTeam/1'), 0, 'yek'),
    ];
    expect(new Set(markers).size).toBe(4);
    for (const marker of markers) expect(marker).toMatch(/^[a-z0-9]{32}$/);
    expect(roomMarker(ref('CareTeam/1'), 0, 'key')).toBe(markers[0]);
  });
});
