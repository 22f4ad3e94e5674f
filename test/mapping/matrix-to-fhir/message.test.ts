// A Matrix message → the Communication that records it, in the form of the September 2025 guide.
import { describe, expect, test } from 'vitest';
import { messageToCommunication } from '../../../src/mapping/matrix-to-fhir/message.ts';
import { ref } from '../../builders/fhir.ts';
import { message } from '../../builders/matrix.ts';

const CONTEXT = {
  request: ref('CommunicationRequest/245'),
  subject: ref('Patient/12'),
  sender: ref('Practitioner/7'),
};

const map = (event = message(), over: Partial<Parameters<typeof messageToCommunication>[1]> = {}) =>
  messageToCommunication(event, { ...CONTEXT, ...over });

test('a text message becomes exactly the Communication of the guide', () => {
  expect(map()).toEqual({
    lossy: false,
    communication: {
      resourceType: 'Communication',
      id: 'm-8e3e260cfed508edde3345522a73bf281cc9bd92eec',
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/communication-source-system',
          valueString: 'matrix',
        },
      ],
      identifier: [{ use: 'official', system: 'https://matrix.org/event-id', value: '$event:example.org' }],
      partOf: [{ reference: 'CommunicationRequest/245' }],
      status: 'completed',
      subject: { reference: 'Patient/12' },
      sent: '2025-09-26T09:30:15.250Z',
      sender: { reference: 'Practitioner/7' },
      payload: [{ contentString: 'Good morning' }],
    },
  });
});

test('an unmapped sender is recorded by the Matrix address, as a URI identifier', () => {
  const { communication } = map(message({ sender: '@Zoë/x:care.example:8448' }), { sender: undefined });
  expect(communication.sender).toEqual({
    identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/Zoë/x:care.example:8448' },
  });
});

test('a conversation without subject is recorded without one', () => {
  expect(map(message(), { subject: undefined }).communication).not.toHaveProperty('subject');
});

test.each([
  [
    'another URL',
    'https://example.org/source',
    [{ url: 'https://example.org/source', valueString: 'matrix' }],
  ],
  ['the empty URL: none', '', undefined],
])('the source-system extension follows the configuration: %s', (_, sourceSystemExtension, expected) => {
  expect(map(message(), { sourceSystemExtension }).communication.extension).toEqual(expected);
});

describe('text is what the message says', () => {
  test.each([
    ['m.text', 'Hello'],
    ['m.notice', 'A bot says so'],
    ['m.emote', 'waves'],
    ['m.text', 'two\nlines <b>not bold</b> & 🩺 ñ'],
  ])('%s %j', (msgtype, body) => {
    const { communication, lossy } = map(message({ content: { msgtype, body } }));
    expect(communication.payload).toEqual([{ contentString: body }]);
    expect(communication.meta).toBeUndefined();
    expect(lossy).toBe(false);
  });
});

describe('what cannot be recorded leaves a marked record that says so, and none of the content', () => {
  test.each([
    ['an image', { content: { msgtype: 'm.image', body: 'wound.jpg', url: 'mxc://x/y' } }, 'm.image'],
    ['an encrypted message', { type: 'm.room.encrypted', content: { ciphertext: 'x' } }, 'm.room.encrypted'],
    ['a sticker', { type: 'm.sticker', content: { body: 'thumbs up' } }, 'm.sticker'],
    ['a text without body', { content: { msgtype: 'm.text' } }, 'm.text'],
    ['an empty text', { content: { msgtype: 'm.text', body: '' } }, 'm.text'],
    ['a body that is no string', { content: { msgtype: 'm.text', body: 7 } }, 'm.text'],
    ['a hostile type', { content: { msgtype: '<script>alert(1)</script>' } }, 'unknown type'],
    ['a redacted message', { content: {} }, 'm.room.message'],
  ])('%s', (_, over, term) => {
    const { communication, lossy } = map(message(over));
    expect(lossy).toBe(true);
    expect(communication.payload).toEqual([
      { contentString: `[A Matrix message of a kind that cannot be recorded here: ${term}]` },
    ]);
    expect(communication.meta?.tag).toEqual([
      {
        system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/record',
        code: 'content-lost',
        display: 'Content was lost on the way',
      },
    ]);
  });
});

describe('the time of a foreign server cannot stop the record', () => {
  test.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [Date.UTC(9999, 11, 31, 23, 59, 59, 999), '9999-12-31T23:59:59.999Z'],
    [Date.UTC(10000, 0, 1), undefined], // no FHIR dateTime can say it
    [Number.MAX_SAFE_INTEGER, undefined], // no Date can hold it
    [-1, undefined], // before Unix time, so never true
  ])('origin_server_ts %d → sent %s', (origin_server_ts, sent) => {
    expect(map(message({ origin_server_ts })).communication.sent).toBe(sent);
  });
});
