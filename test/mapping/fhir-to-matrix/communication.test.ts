// A Communication → what the bridge reads of it, and the message that carries it.
import { describe, expect, test } from 'vitest';
import { contentDigest } from '../../../src/mapping/digest.ts';
import {
  conversationOf,
  readCommunication,
  textMessage,
  withEventId,
  withLossNotice,
} from '../../../src/mapping/fhir-to-matrix/communication.ts';
import { communicationDeliveryId } from '../../../src/mapping/delivery-ids.ts';
import { communication, ref } from '../../builders/fhir.ts';
import { eventId } from '../../builders/matrix.ts';

const read = (over: Parameters<typeof communication>[0] = {}, deliverPreparation = true) =>
  readCommunication(communication(over), { deliverPreparation });

test('a plain Communication is read whole', () => {
  expect(read()).toEqual({
    request: 'CommunicationRequest/245',
    sender: 'Practitioner/7',
    sentAt: Date.UTC(2025, 8, 26, 9, 30, 15),
    text: 'Good morning',
    otherPayloads: 0,
    deliverable: true,
    eventId: undefined,
  });
});

test('an empty Communication is read as one that says nothing', () => {
  expect(readCommunication({ resourceType: 'Communication' } as never, { deliverPreparation: true })).toEqual(
    {
      request: undefined,
      sender: undefined,
      sentAt: undefined,
      text: undefined,
      otherPayloads: 0,
      deliverable: true,
      eventId: undefined,
    },
  );
});

describe('the conversation is the CommunicationRequest in partOf, else in basedOn', () => {
  const to = (reference: string) => ({ reference });
  test.each([
    ['partOf', { partOf: [to('CommunicationRequest/1')] }, 'CommunicationRequest/1'],
    ['basedOn', { partOf: undefined, basedOn: [to('CommunicationRequest/2')] }, 'CommunicationRequest/2'],
    [
      'partOf before basedOn',
      { partOf: [to('CommunicationRequest/1')], basedOn: [to('CommunicationRequest/2')] },
      'CommunicationRequest/1',
    ],
    [
      'the first that is a CommunicationRequest',
      { partOf: [to('Procedure/9'), to('CommunicationRequest/3')] },
      'CommunicationRequest/3',
    ],
    [
      'an absolute reference',
      { partOf: [to('https://a.example/fhir/CommunicationRequest/4')] },
      'CommunicationRequest/4',
    ],
    [
      'a versioned reference',
      { partOf: [to('CommunicationRequest/5/_history/12')] },
      'CommunicationRequest/5',
    ],
    [
      'an id that tells upper and lower case apart',
      { partOf: [to('CommunicationRequest/aB-1.c')] },
      'CommunicationRequest/aB-1.c',
    ],
    ['none: a contained one', { partOf: [to('#request')] }, undefined],
    ['none: a urn', { partOf: [to('urn:uuid:6b2f4e0c-0000-4000-8000-000000000000')] }, undefined],
    ['none: a search', { partOf: [to('CommunicationRequest?identifier=x')] }, undefined],
    ['none: an identifier alone', { partOf: [{ identifier: { value: 'x' } }] }, undefined],
    ['none: an id that FHIR does not allow', { partOf: [to('CommunicationRequest/a_b')] }, undefined],
  ])('%s', (_, over, expected) => {
    expect(conversationOf(communication(over))).toBe(expected);
  });
});

describe('a status decides whether it is said', () => {
  test.each([
    ['completed', true, true],
    ['in-progress', true, true],
    [undefined, true, true], // most of what OZO's production holds
    ['preparation', true, false],
    ['entered-in-error', false, false],
    ['not-done', false, false],
    ['stopped', false, false],
    ['on-hold', false, false],
    ['unknown', false, false],
    ['no-such-status', false, false],
  ])('%s: %s, and %s where preparation means draft', (status, deliverable, whereDrafts) => {
    expect(read({ status }).deliverable).toBe(deliverable);
    expect(read({ status }, false).deliverable).toBe(whereDrafts);
  });
});

describe('payloads become one text, and what is no text is noticed', () => {
  const attachment = { contentAttachment: { title: 'scan.pdf' } };
  test.each([
    ['several texts, in order', [{ contentString: 'a' }, { contentString: 'b' }], 0, 'a\nb'],
    ['empty texts left out', [{ contentString: '' }, { contentString: 'b' }], 0, 'b'],
    ['nothing', [], 0, undefined],
    ['an attachment alone', [attachment], 1, '[1 attachment not shown here]'],
    [
      'text, attachment and reference',
      [attachment, { contentString: 'see' }, { contentReference: { reference: 'Binary/1' } }],
      2,
      'see\n[2 attachments not shown here]',
    ],
  ])('%s', (_, payload, otherPayloads, said) => {
    const facts = read({ payload });
    expect(facts.otherPayloads).toBe(otherPayloads);
    expect(withLossNotice(facts)).toBe(said);
  });
});

describe('the time of sending is one that a homeserver takes', () => {
  test.each([
    ['2025-09-26T11:30:15+02:00', Date.UTC(2025, 8, 26, 9, 30, 15)],
    ['2025-09-26', Date.UTC(2025, 8, 26)],
    ['yesterday', undefined],
    ['1815-12-10', undefined], // a negative `ts` is refused
    [undefined, undefined],
  ])('%s → %s', (sent, sentAt) => {
    expect(read({ sent }).sentAt).toBe(sentAt);
  });
});

test('the event id is found among other identifiers', () => {
  const identifier = [
    { system: 'urn:other', value: 'x' },
    { system: 'https://matrix.org/event-id', value: '$e' },
  ];
  expect(read({ identifier }).eventId).toBe('$e');
});

test('a message carries its text and its delivery id, and nothing else', () => {
  const deliveryId = communicationDeliveryId(ref('Communication/9'));
  expect(textMessage('a <b>', deliveryId)).toEqual({
    msgtype: 'm.text',
    body: 'a <b>',
    'io.github.fhir-matrix-bridge.delivery_id': deliveryId,
  });
});

describe('writing the event id back', () => {
  const own = { use: 'official', system: 'https://matrix.org/event-id', value: '$e' };

  test('adds one identifier and changes nothing else', () => {
    const before = communication({
      identifier: [{ system: 'urn:other', value: 'x' }],
      note: [{ text: 'n' }],
    });
    expect(withEventId(before, eventId('$e'))).toEqual({
      ...before,
      identifier: [{ system: 'urn:other', value: 'x' }, own],
    });
  });

  test('is done once', () => {
    const once = withEventId(communication(), eventId('$e'));
    expect(once).toEqual(communication({ identifier: [own] }));
    expect(withEventId(once ?? communication(), eventId('$e'))).toBeUndefined();
  });
});

describe('the digest tells an edit from an echo', () => {
  const digest = (over: Parameters<typeof communication>[0] = {}) => contentDigest(read(over));

  test.each([
    ['the event id written back', { identifier: [{ system: 'https://matrix.org/event-id', value: '$e' }] }],
    ['a new version', { meta: { versionId: '2', lastUpdated: '2025-09-26T10:00:00Z' } }],
    ['a tag', { meta: { tag: [{ code: 'x' }] } }],
    [
      'an absolute reference for a relative one',
      { sender: { reference: 'https://a.example/fhir/Practitioner/7' } },
    ],
    ['basedOn for partOf', { partOf: undefined, basedOn: [{ reference: 'CommunicationRequest/245' }] }],
    ['in-progress that became completed', { status: 'in-progress' }],
    ['the time of sending as the server wrote it', { sent: '2025-09-26T09:30:15.000+00:00' }],
  ])('same: %s', (_, over) => {
    expect(digest(over)).toBe(digest());
  });

  test.each([
    ['another text', { payload: [{ contentString: 'Good evening' }] }],
    ['another sender', { sender: { reference: 'Practitioner/8' } }],
    ['another conversation', { partOf: [{ reference: 'CommunicationRequest/246' }] }],
    ['an attachment', { payload: [{ contentString: 'Good morning' }, { contentAttachment: {} }] }],
    ['a retraction', { status: 'entered-in-error' }],
  ])('other: %s', (_, over) => {
    expect(digest(over)).not.toBe(digest());
  });
});
