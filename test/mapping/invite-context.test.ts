// The context of invitations: what is sent, what is read, and that no citizen service number passes either way.
import { TEXTS } from '../../src/mapping/language/languages.ts';
import { describe, expect, test } from 'vitest';
import {
  invitationContent,
  isSendableToken,
  LONGEST_TOKEN,
  readInviteContext,
} from '../../src/mapping/invite-context.ts';
import { holdsBsn } from '../../src/mapping/personal-number.ts';

const PSEUDO = 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn';
const BSN = 'http://fhir.nl/fhir/NamingSystem/bsn';
const patient = (...identifier: readonly unknown[]) => ({ resourceType: 'Patient', identifier });
const pseudonym = (value: unknown) => ({ system: PSEUDO, value });
const contextOf = (subject: unknown, version: unknown = '1.0') => ({ version, 'room.subject': subject });
const read = (context: unknown) =>
  readInviteContext({ membership: 'invite', 'nl-ta-chat.invite.context': context });

describe('an invitation to another homeserver', () => {
  test('names the patient only by the token', () => {
    expect(invitationContent('eyJhbGciOiJFQ0RILUVT.token', TEXTS.en)).toEqual({
      membership: 'invite',
      reason: 'You are invited to take part in care communication',
      'nl-ta-chat.invite.context': {
        version: '1.0',
        'room.subject': {
          resourceType: 'Patient',
          identifier: [
            {
              system: 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn',
              value: 'eyJhbGciOiJFQ0RILUVT.token',
            },
          ],
        },
      },
    });
  });

  test('has no context without a token', () => {
    expect(invitationContent(undefined, TEXTS.en)).toEqual({
      membership: 'invite',
      reason: 'You are invited to take part in care communication',
    });
  });

  test('can be read back', () => {
    expect(readInviteContext(invitationContent('87479412034', TEXTS.en))).toEqual({
      kind: 'subject',
      token: '87479412034',
      platform: undefined,
    });
  });
});

/** What the public guides write into an invitation, word for word; JavaScript reads their 1.0 as 1. */
const IN_THE_GUIDES = {
  'the specification, §4': `{
    "version" : 1.0,
    "room.subject": {
      "resourceType" : "Patient",
      "identifier" : [{
        "value": "87479412034",
        "system": "http://fhir.nl/fhir/NamingSystem/pseudo-bsn"
      }]
    }
  }`,
  'the June 2025 guide, 2.1': `{
    "version": "1.0",
    "room.subject": {
      "resourceType": "Patient",
      "identifier": [{
        "value": "87479412034",
        "system": "http://fhir.nl/fhir/NamingSystem/pseudo-bsn"
      }]
    }
  }`,
  'the June 2025 guide, 2.4': `{
    "version": "1.0",
    "room.subject": {
      "platform_type": "patient_record",
      "identifier": "patient_67890",
      "display_name": "J. Doe"
    }
  }`,
} as const;

describe('the context of a received invitation', () => {
  test.each<[keyof typeof IN_THE_GUIDES, unknown]>([
    ['the specification, §4', { kind: 'subject', token: '87479412034', platform: undefined }],
    ['the June 2025 guide, 2.1', { kind: 'subject', token: '87479412034', platform: undefined }],
    ['the June 2025 guide, 2.4', { kind: 'subject', token: 'patient_67890', platform: 'patient_record' }],
  ])('is read as it stands in %s', (guide, expected) => {
    expect(read(JSON.parse(IN_THE_GUIDES[guide]))).toEqual(expected);
  });

  test('is read with a subject inside of a room, as earlier versions sent it', () => {
    const context = { version: '1.0', room: { subject: patient(pseudonym('abc')) } };
    expect(read(context)).toEqual({ kind: 'subject', token: 'abc', platform: undefined });
  });

  test('with both forms, that of the guides counts', () => {
    const nested = { subject: patient(pseudonym('nested')) };
    expect(read({ ...contextOf(patient(pseudonym('flat'))), room: nested })).toMatchObject({ token: 'flat' });
  });

  test.each([
    ['"1.0", as the June guide has it', '1.0'],
    ['1.0, as the specification has it', 1.0],
    ['1, which JavaScript makes of it', JSON.parse('1') as unknown],
  ])('version %s is read', (_, version) => {
    expect(read(contextOf(patient(pseudonym('87479412034')), version))).toEqual({
      kind: 'subject',
      token: '87479412034',
      platform: undefined,
    });
  });

  test.each<[string, unknown, unknown]>([
    [
      'a Patient with further identifiers',
      patient({ system: 'urn:x', value: 'y' }, pseudonym('abc')),
      undefined,
    ],
    [
      'the platform form, without its display name',
      { platform_type: 'ozo', identifier: 'abc', display_name: 'J. de Vries' },
      'ozo',
    ],
    ['the platform form of the messaging specification', { platform_type: 'ozo', identifier: 'abc' }, 'ozo'],
  ])('%s gives the token', (_, subject, platform) => {
    expect(read(contextOf(subject))).toEqual({ kind: 'subject', token: 'abc', platform });
  });

  test.each<[string, unknown]>([
    ['no version', { 'room.subject': patient(pseudonym('abc')) }],
    ['version "1"', contextOf(patient(pseudonym('abc')), '1')],
    ['version "2.0"', contextOf(patient(pseudonym('abc')), '2.0')],
    ['version 1.1', contextOf(patient(pseudonym('abc')), 1.1)],
    ['no subject', { version: '1.0' }],
    ['a room without a subject', { version: '1.0', room: {} }],
    ['a Practitioner', contextOf({ ...patient(pseudonym('abc')), resourceType: 'Practitioner' })],
    ['a Patient without identifiers', contextOf(patient())],
    ['a Patient without a pseudonym', contextOf(patient({ system: 'urn:x', value: 'y' }))],
    ['a pseudonym that is a number', contextOf(patient(pseudonym(87_479_412_034)))],
    ['an empty pseudonym', contextOf(patient(pseudonym('')))],
    ['two pseudonyms', contextOf(patient(pseudonym('a'), pseudonym('b')))],
    ['an endless token', contextOf(patient(pseudonym('x'.repeat(LONGEST_TOKEN + 1))))],
    [
      'the platform form with the display name alone',
      contextOf({ platform_type: 'ozo', display_name: 'J.' }),
    ],
    ['text', 'abc'],
    ['null', null],
  ])('%s cannot be read', (_, context) => {
    expect(read(context)).toEqual({ kind: 'unreadable' });
  });

  test.each<[string, unknown]>([
    ['in its own system', patient({ system: BSN, value: '123456782' })],
    ['under the OID', patient({ system: 'urn:oid:2.16.840.1.113883.2.4.6.3', value: 'x' })],
    ['beside a pseudonym', patient(pseudonym('abc'), { system: BSN, value: 'x' })],
    ['passed off as a pseudonym', patient(pseudonym('123456782'))],
    ['as a number', patient(pseudonym(123_456_782))],
    ['as the platform’s identifier', { platform_type: 'ozo', identifier: 'bsn:123456782' }],
    ['as the display name', { platform_type: 'ozo', identifier: 'abc', display_name: '1234.56.782' }],
    ['under a key of its own', { ...patient(pseudonym('abc')), bsn: 'x' }],
  ])('is refused with a citizen service number %s', (_, subject) => {
    expect(read(contextOf(subject))).toEqual({ kind: 'personal-number' });
  });

  test('is missing without its key', () => {
    expect(readInviteContext({ membership: 'invite' })).toEqual({ kind: 'none' });
  });
});

describe('a citizen service number', () => {
  test.each([
    ['123456782', true],
    ['111222333', true],
    ['12345672', true],
    ['12345673', false],
    ['10000008', true],
    ['123-456-782', true],
    ['1234 56 782', true],
    [`${BSN}|123456782`, true],
    ['123456783', false],
    ['000000000', false],
    ['87479412034', false],
    ['1234567820', false],
    ['a123456782', false],
    ['123456782a', false],
    ['', false],
  ])('%s: %s', (value, expected) => {
    expect(holdsBsn(value)).toBe(expected);
  });

  test.each([
    [BSN, true],
    [`${BSN}/`, true],
    ['https://fhir.nl/fhir/NamingSystem/BSN', true],
    ['urn:oid:2.16.840.1.113883.2.4.6.3', true],
    ['2.16.840.1.113883.2.4.6.3', true],
    [PSEUDO, false],
    ['urn:oid:2.16.840.1.113883.2.4.6.30', false],
    ['http://example.org/bsn', false],
  ])('is meant by the system %s: %s', (system, expected) => {
    expect(holdsBsn(system)).toBe(expected);
  });

  test('is found at any depth of the JSON', () => {
    expect(holdsBsn({ a: [{ b: ['x', { c: '123456782' }] }] })).toBe(true);
    expect(holdsBsn({ a: [{ b: ['x', { c: 'y', d: null, e: 3, f: true }] }] })).toBe(false);
  });
});

test.each([
  ['a token', true, 'eyJhbGciOiJFQ0RILUVT'],
  ['an empty one', false, ''],
  ['one that is too long', false, 'x'.repeat(LONGEST_TOKEN + 1)],
  ['a citizen service number', false, '123456782'],
])('%s may be sent: %s', (_, expected, token) => {
  expect(isSendableToken(token)).toBe(expected);
});
