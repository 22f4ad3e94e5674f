// Whose message a record says it is, and what its reader is told of that.
import { describe, expect, test } from 'vitest';
import { ref } from '../builders/fhir.ts';
import { userId } from '../builders/matrix.ts';
import { author } from '../builders/messages.ts';

const STRANGER = { person: undefined, isMember: false };
const ADDRESS = { system: 'urn:ietf:rfc:3986', value: 'matrix:u/nurse:example.org' };
const UZI = { system: 'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers', value: '900012345' };
const URA = { system: 'http://fhir.nl/fhir/NamingSystem/ura', value: '90000001' };
const codes = ({ tags }: ReturnType<typeof author>) => tags.map(({ code }) => code);

test('a person of the conversation, on the own homeserver, is named and nothing more', () => {
  expect(author()).toEqual({
    person: 'Practitioner/7',
    sender: { reference: 'Practitioner/7', type: 'Practitioner' },
    ...{ contained: [], tags: [], extension: [] },
  });
});

describe('a sender whom FHIR does not know', () => {
  test('is a logical reference by the Matrix address', () => {
    expect(author(STRANGER).sender).toEqual({ identifier: ADDRESS });
  });

  test('is named by the number that a directory gives, with the organisation’s', () => {
    const inDirectory = { identifier: UZI, name: 'Els de Wit', organization: URA };
    expect(author({ ...STRANGER, inDirectory })).toMatchObject({
      person: undefined,
      sender: { identifier: UZI, display: 'Els de Wit' },
      extension: [{ url: expect.stringMatching(/sender-organization$/) as string, valueIdentifier: URA }],
    });
  });

  test('is a contained Practitioner, where the operator wants a resource', () => {
    expect(author(STRANGER, { as: 'contained' })).toMatchObject({
      sender: { reference: '#sender', type: 'Practitioner' },
      contained: [{ resourceType: 'Practitioner', id: 'sender', identifier: [ADDRESS] }],
    });
  });

  test('is the placeholder of the September 2025 guide, where the operator wants that', () => {
    const policy = { as: 'placeholder', reference: ref('Patient/hackathon-patient') } as const;
    expect(author(STRANGER, policy).sender).toEqual({
      ...{ reference: 'Patient/hackathon-patient', type: 'Patient' },
    });
  });

  test('never bears the name that they claim for themselves', () => {
    const claimed = author({ ...STRANGER, claim: ref('Practitioner/chief') });
    expect(claimed.sender).toEqual({ identifier: ADDRESS });
    expect(codes(claimed)).toEqual(['not-a-member', 'sender-claimed']);
    expect(claimed.extension).toEqual([
      { url: expect.stringMatching(/sender-claim$/) as string, valueUri: 'Practitioner/chief' },
    ]);
  });
});

test('a message from another homeserver is marked with its name', () => {
  const foreign = author({ userId: userId('@nurse:other.example:8448') });
  expect(codes(foreign)).toEqual(['other-organization']);
  expect(foreign.extension).toEqual([
    { url: expect.stringMatching(/sender-homeserver$/) as string, valueString: 'other.example:8448' },
  ]);
});

test('a known person who does not take part is marked', () => {
  expect(codes(author({ isMember: false }))).toEqual(['not-a-member']);
});
