// What a Communication says of itself, and when a new version says nothing new.
import { describe, expect, test } from 'vitest';
import { contentDigest, readEnvelope, withEventId } from '../../src/messages/envelope.ts';
import { medplumThreads } from '../../src/mapping/threads/medplum.ts';
import { ozoThreads as thread } from '../../src/mapping/threads/ozo.ts';
import { communication } from '../builders/fhir.ts';
import { eventId } from '../builders/matrix.ts';
import { envelope } from '../builders/messages.ts';

test('a plain Communication is read whole', () => {
  expect(envelope()).toEqual({
    thread: 'CommunicationRequest/245',
    sender: 'Practitioner/7',
    sentAt: Date.UTC(2025, 8, 26, 9, 30, 15),
    parts: [{ kind: 'text', text: { plain: 'Good morning' } }],
    deliverable: true,
    eventId: undefined,
  });
});

test('an empty Communication is read as one that says nothing', () => {
  const empty = { resourceType: 'Communication' } as never;
  expect(readEnvelope(empty, { thread, deliverPreparation: true })).toEqual({
    thread: undefined,
    sender: undefined,
    sentAt: undefined,
    parts: [],
    deliverable: true,
    eventId: undefined,
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
    expect(envelope({ status }).deliverable).toBe(deliverable);
    expect(envelope({ status }, false).deliverable).toBe(whereDrafts);
  });
});

test('where the profile of threads keeps drafts in preparation, none is said', () => {
  const draft = communication({ status: 'preparation' });
  const isDeliverable = (of: typeof thread) =>
    readEnvelope(draft, { thread: of, deliverPreparation: true }).deliverable;
  expect([isDeliverable(thread), isDeliverable(medplumThreads)]).toEqual([true, false]);
});

describe('the time of sending is one that a homeserver takes', () => {
  test.each([
    ['2025-09-26T11:30:15+02:00', Date.UTC(2025, 8, 26, 9, 30, 15)],
    ['2025-09-26', Date.UTC(2025, 8, 26)],
    ['yesterday', undefined],
    ['1815-12-10', undefined], // a negative `ts` is refused
    [undefined, undefined],
  ])('%s → %s', (sent, sentAt) => {
    expect(envelope({ sent }).sentAt).toBe(sentAt);
  });
});

test('the event id is found among other identifiers', () => {
  const identifier = [
    { system: 'urn:other', value: 'x' },
    { system: 'https://matrix.org/event-id', value: '$e' },
  ];
  expect(envelope({ identifier }).eventId).toBe('$e');
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
  const digest = (over: Parameters<typeof communication>[0] = {}) => contentDigest(envelope(over));

  test.each([
    ['the event id written back', { identifier: [{ system: 'https://matrix.org/event-id', value: '$e' }] }],
    ['a new version', { meta: { versionId: '2', lastUpdated: '2025-09-26T10:00:00Z' } }],
    ['a tag', { meta: { tag: [{ code: 'x' }] } }],
    ['a reference to a version', { sender: { reference: 'Practitioner/7/_history/2' } }],
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
