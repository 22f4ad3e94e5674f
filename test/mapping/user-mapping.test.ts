// The content of `custom.user_mappings`: numbers under every name of their systems, never a BSN, e-mail only where wanted.
import type { Identifier } from 'fhir/r4.js';
import { describe, expect, test } from 'vitest';
import type { Organization, Person, PractitionerRole } from '../../src/domain/fhir.ts';
import { typeOf } from '../../src/domain/ids.ts';
import { userMappingOf } from '../../src/mapping/user-mapping.ts';
import { ref } from '../builders/fhir.ts';

const UZI = 'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers';
const URA = 'http://fhir.nl/fhir/NamingSystem/ura';
const BSN = { system: 'http://fhir.nl/fhir/NamingSystem/bsn', value: '999911120' };
const PROFESSIONALS = { for: 'professionals', email: false } as const;

const mapping = (
  reference: string,
  over: object,
  {
    roles = [],
    policy = PROFESSIONALS,
  }: {
    roles?: readonly { role: PractitionerRole; organization: Organization | undefined }[];
    policy?: Parameters<typeof userMappingOf>[1];
  } = {},
) =>
  userMappingOf(
    {
      reference: ref(reference),
      resource: { resourceType: typeOf(ref(reference)), ...over } as Person,
      roles,
    },
    policy,
    Date.parse('2025-09-26T12:00:00Z'),
  );
const organization = (...identifier: readonly Identifier[]): Organization => ({
  resourceType: 'Organization',
  identifier: [...identifier],
});
const role = (id: string, over: object, of?: Organization) => ({
  role: { resourceType: 'PractitionerRole', id, ...over } as PractitionerRole,
  organization: of,
});

describe('a professional’s number', () => {
  const uziOf = (...identifier: readonly Identifier[]) =>
    mapping('Practitioner/7', { identifier })?.['uziNr'];

  test.each<[string, readonly Identifier[], string | undefined]>([
    ['by its system', [{ system: UZI, value: '900021365' }], '900021365'],
    [
      'by the system’s other name',
      [{ system: 'http://fhir.nl/fhir/NamingSystem/uzi', value: '900021365' }],
      '900021365',
    ],
    ['by its OID', [{ system: 'urn:oid:2.16.528.1.1007.3.1', value: '900021365' }], '900021365'],
    ['padded to nine digits', [{ system: UZI, value: '21365' }], '000021365'],
    ['with spaces around it', [{ system: UZI, value: ' 900021365 ' }], '900021365'],
    [
      'one under two names',
      [
        { system: UZI, value: '21365' },
        { system: UZI, value: '000021365' },
      ],
      '000021365',
    ],
    [
      'none of two',
      [
        { system: UZI, value: '1' },
        { system: UZI, value: '2' },
      ],
      undefined,
    ],
    ['none of ten digits', [{ system: UZI, value: '1234567890' }], undefined],
    ['none with letters', [{ system: UZI, value: 'UZI-3' }], undefined],
    ['no zero', [{ system: UZI, value: '000000000' }], undefined],
    ['none that is out of use', [{ system: UZI, value: '900021365', use: 'old' }], undefined],
    ['none of a system’s server', [{ system: UZI.replace('pers', 'sys'), value: '900021365' }], undefined],
    ['no BSN', [BSN, { system: 'urn:oid:2.16.840.1.113883.2.4.6.3', value: '999911120' }], undefined],
  ])('%s', (_, identifier, expected) => {
    expect(uziOf(...identifier)).toBe(expected);
  });
});

describe('an organisation’s number', () => {
  test.each([
    ['by its system', { system: URA, value: '90000123' }, '90000123'],
    ['by its OID', { system: 'urn:oid:2.16.528.1.1007.3.3', value: '90000123' }, '90000123'],
    ['padded to eight digits', { system: URA, value: '123' }, '00000123'],
    ['not of nine', { system: URA, value: '123456789' }, undefined],
  ])('%s, of a role and of the organisation itself', (_, identifier, expected) => {
    const of = organization(identifier);
    expect(mapping('Practitioner/7', {}, { roles: [role('a', {}, of)] })?.['uraNr']).toBe(expected);
    expect(mapping('Organization/1', of)?.['uraNr']).toBe(expected);
  });
});

test('with several roles, code and number come from the same role', () => {
  const roles = [
    role('b', { code: [{ coding: [{ code: '01.015' }] }] }, organization({ system: URA, value: '2' })),
    role('a', { code: [{ coding: [{ code: '158965000' }] }] }, organization({ system: URA, value: '1' })),
  ];
  expect(mapping('Practitioner/7', { identifier: [{ system: UZI, value: '7' }] }, { roles })).toEqual({
    ...{ fhirRef: 'Practitioner/7', uraNr: '00000001', uziNr: '000000007', roleCode: '158965000' },
  });
});

test('a role that has ended is ignored', () => {
  const code = [{ coding: [{ code: '01.015' }] }];
  const telecom = [{ system: 'email', value: 'jan@role.example' }];
  const of = organization({ system: URA, value: '2' });
  const policy = { for: 'all', email: true } as const;
  for (const over of [{ active: false }, { period: { end: '2025-09-25' } }]) {
    const roles = [role('a', { code, telecom, ...over }, of)];
    expect(mapping('Practitioner/7', {}, { roles, policy })).toEqual({ fhirRef: 'Practitioner/7' });
  }
});

describe('the samples of the June 2025 guide, 2.2, are written as they stand there', () => {
  const policy = { for: 'all', email: true } as const;
  const email = (value: string, use: string) => ({ telecom: [{ system: 'email', value, use }] });

  test('of a practitioner', () => {
    const of = organization({ system: URA, value: '00000001' });
    const roles = [role('a', { code: [{ coding: [{ code: '158965000' }] }] }, of)];
    const over = {
      ...email('dr.smith@hospital-a.nl', 'work'),
      identifier: [{ system: UZI, value: '123456789' }],
    };
    expect(mapping('Practitioner/doc-12345', over, { roles, policy })).toEqual({
      fhirRef: 'Practitioner/doc-12345',
      uraNr: '00000001',
      uziNr: '123456789',
      roleCode: '158965000',
      email: 'dr.smith@hospital-a.nl',
    });
  });

  test.each([
    ['Patient/patient-67890', 'john.doe@example.com'],
    ['RelatedPerson/related-456', 'family.member@example.com'],
  ])('of %s', (reference, address) => {
    expect(mapping(reference, email(address, 'home'), { policy })).toEqual({
      fhirRef: reference,
      email: address,
    });
  });
});

describe('e-mail', () => {
  const telecom = [
    { system: 'phone', value: '0612345678' },
    { system: 'email', value: 'jan@home.example', use: 'home' },
    { system: 'email', value: 'jan@former.example', use: 'old' },
    { system: 'email', value: 'jan@before.example', period: { end: '2025-08' } },
    { system: 'email', value: 'jan@work.example', use: 'work' },
  ];
  test.each([
    [false, 'Practitioner/7', undefined],
    [true, 'Practitioner/7', 'jan@work.example'],
    [false, 'Patient/1', undefined],
    [true, 'Patient/1', 'jan@home.example'],
    [true, 'RelatedPerson/1', 'jan@home.example'],
  ])('wanted: %s, of %s: %s', (email, reference, expected) => {
    expect(mapping(reference, { telecom }, { policy: { for: 'all', email } })?.['email']).toBe(expected);
  });

  test('of the role comes first', () => {
    const roles = [role('a', { telecom: [{ system: 'email', value: 'jan@role.example' }] })];
    const policy = { for: 'all', email: true } as const;
    expect(mapping('Practitioner/7', { telecom }, { roles, policy })?.['email']).toBe('jan@role.example');
  });
});

test.each([
  ['off', 'Practitioner/7', undefined],
  ['professionals', 'Practitioner/7', { fhirRef: 'Practitioner/7' }],
  ['professionals', 'PractitionerRole/7', { fhirRef: 'PractitionerRole/7' }],
  ['professionals', 'Organization/7', { fhirRef: 'Organization/7' }],
  ['professionals', 'RelatedPerson/7', undefined],
  ['professionals', 'Patient/7', undefined],
  ['all', 'Patient/7', { fhirRef: 'Patient/7' }],
  ['all', 'RelatedPerson/7', { fhirRef: 'RelatedPerson/7' }],
] as const)('for %s: of %s %o, whatever identifiers a patient has', (whom, reference, expected) => {
  const over = { identifier: [BSN], name: [{ text: 'Anna Smit' }], birthDate: '1950-03-12' };
  expect(mapping(reference, over, { policy: { for: whom, email: false } })).toEqual(expected);
});
