// The Communication that records an event, in the form of the September 2025 guide.
import { describe, expect, test } from 'vitest';
import { author, created, fromMatrix } from '../builders/messages.ts';
import { userId } from '../builders/matrix.ts';

const record = (...given: Parameters<typeof fromMatrix>) => created(fromMatrix(...given)?.writes);

test('a text message becomes exactly the Communication of the guide', () => {
  expect(record()).toEqual({
    resourceType: 'Communication',
    id: 'm-8e3e260cfed508edde3345522a73bf281cc9bd92eec',
    extension: [
      { url: 'http://hl7.org/fhir/StructureDefinition/communication-source-system', valueString: 'matrix' },
    ],
    identifier: [{ use: 'official', system: 'https://matrix.org/event-id', value: '$event:example.org' }],
    partOf: [{ reference: 'CommunicationRequest/245', type: 'CommunicationRequest' }],
    status: 'completed',
    subject: { reference: 'Patient/12', type: 'Patient' },
    sent: '2025-09-26T09:30:15.250Z',
    sender: { reference: 'Practitioner/7', type: 'Practitioner' },
    payload: [{ contentString: 'Good morning' }],
  });
});

test('an unmapped sender is recorded by the Matrix address, as a URI identifier', () => {
  const stranger = author({ userId: userId('@Zoë/x:care.example:8448'), person: undefined });
  expect(record({}, { author: stranger }).sender).toEqual({
    identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/Zoë/x:care.example:8448' },
  });
});

test('a conversation without subject is recorded without one', () => {
  expect(record({}, { subject: undefined })).not.toHaveProperty('subject');
});

test.each([
  [
    'another URL',
    'https://example.org/source',
    [{ url: 'https://example.org/source', valueString: 'matrix' }],
  ],
  ['the empty URL: none', '', undefined],
])('the source-system extension follows the configuration: %s', (_, sourceSystemExtension, expected) => {
  expect(record({}, { sourceSystemExtension }).extension).toEqual(expected);
});

describe('the time at which it was sent', () => {
  test.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [Date.UTC(2026, 10, 29, 12), '2026-11-29T12:00:00.000Z'],
    [-1, undefined], // before Unix time, so never true
  ])('%d → sent %s', (sentAt, sent) => {
    expect(record({}, { sentAt }).sent).toBe(sent);
  });
});
