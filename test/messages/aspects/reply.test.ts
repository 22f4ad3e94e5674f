// Replies in both directions, by literal examples; and replies to what no one may learn of.
import { describe, expect, test } from 'vitest';
import { reply } from '../../../src/messages/aspects/reply.ts';
import type { Link } from '../../../src/messages/kind.ts';
import { refsOf } from '../../../src/messages/read.ts';
import { KINDS } from '../../../src/messages/registry.ts';
import { communication, ref } from '../../builders/fhir.ts';
import { eventId, message } from '../../builders/matrix.ts';
import { created, envelope, fromFhir, fromMatrix, GHOST, knowing, link } from '../../builders/messages.ts';

const T = eventId('$target');
const ANSWERED = ref('Communication/target');
const aspects = [reply];
const said = (relation: unknown) => ({
  content: { msgtype: 'm.text', body: 'Yes', 'm.relates_to': relation },
});
const answer = said({ 'm.in_reply_to': { event_id: T } });
const recorded = (over: object, ...links: readonly Link[]) =>
  created(fromMatrix(over, {}, knowing(...links), { aspects })?.writes);
const answering = { inResponseTo: [{ reference: ANSWERED }] };
const sent = (over: object, ...links: readonly Link[]) => {
  const [send] = fromFhir(over, {}, [], knowing(...links), { aspects })?.sends ?? [];
  return send?.kind === 'send' ? send.content : undefined;
};

describe('an answer in the room', () => {
  test('says which record it answers', () => {
    expect(recorded(answer, link())).toMatchObject({
      inResponseTo: [{ reference: ANSWERED, type: 'Communication' }],
    });
  });

  test.each<[string, readonly Link[]]>([
    [
      'to a message that was changed since',
      [link(), link({ kind: 'edit', eventId: eventId('$e'), target: T })],
    ],
    ['to a ghost’s message', [link({ origin: 'fhir', sender: GHOST })]],
    ['to the second part of a message', [link({ part: 1 })]],
  ])('%s does too', (_, links) => {
    expect(recorded(answer, ...links)).toMatchObject(answering);
  });

  test('to a message that was not found is marked', () => {
    const record = recorded(answer);
    expect(record).not.toHaveProperty('inResponseTo');
    expect(record.meta?.tag).toMatchObject([{ code: 'target-missing' }]);
  });

  test('to the first message of the conversation stands in it already: there is nothing to say or to mark', () => {
    const record = recorded(answer, link({ origin: 'fhir', communication: undefined }));
    expect(record).not.toHaveProperty('inResponseTo');
    expect(record).not.toHaveProperty('meta');
  });

  test.each<[string, unknown]>([
    ['no relation', undefined],
    ['a text in place of one', T],
    ['an answer to a list', { 'm.in_reply_to': [{ event_id: T }] }],
    ['an answer to what is no event', { 'm.in_reply_to': { event_id: 'https://example.org' } }],
  ])('with %s answers nothing', (_, relation) => {
    const record = recorded(said(relation), link());
    expect(record).not.toHaveProperty('inResponseTo');
    expect(record).not.toHaveProperty('meta');
  });
});

describe('an answer from a platform', () => {
  test('is a reply to the event of the message', () => {
    expect(sent(answering, link())).toEqual({
      ...{ msgtype: 'm.text', body: 'Good morning' },
      'm.relates_to': { 'm.in_reply_to': { event_id: T } },
    });
  });

  test('to a message that was sent again is one to the event that is shown', () => {
    const gone = link({ kind: 'retraction', eventId: eventId('$r'), target: T });
    const again = link({ kind: 'edit', eventId: eventId('$again') });
    expect(sent(answering, link(), gone, again)).toMatchObject({
      'm.relates_to': { 'm.in_reply_to': { event_id: '$again' } },
    });
  });

  test('to a message that is not there says so to programs', () => {
    expect(sent(answering)).toEqual({
      ...{ msgtype: 'm.text', body: 'Good morning' },
      'io.github.fhir-matrix-bridge.target_missing': true,
    });
  });

  test.each<[string, unknown]>([
    ['nothing', []],
    ['a contained resource', [{ reference: '#c1' }]],
    ['a resource of another type', [{ reference: 'Task/1' }]],
    ['an identifier alone', [{ identifier: { value: 'x' } }]],
    ['an id that is too long', [{ reference: `Communication/${'a'.repeat(65)}` }]],
    ['a path', [{ reference: 'Communication/../Patient' }]],
  ])('to %s is no reply', (_, inResponseTo) => {
    expect(sent({ inResponseTo }, link())).toEqual({ msgtype: 'm.text', body: 'Good morning' });
  });
});

describe('what has to be carried before', () => {
  const types = { kinds: KINDS, aspects };
  const ofEvent = (over: object) => refsOf(types, { event: message(over), mayRedact: false });
  const ofRecord = (over: object) =>
    refsOf(types, { communication: communication(over), envelope: envelope(over) });

  test('is what is answered, in either direction', () => {
    expect(ofEvent(answer)).toEqual([T]);
    expect(ofRecord(answering)).toEqual([ANSWERED]);
  });

  test('is never the message itself, for which it would wait in vain', () => {
    expect(ofEvent({ ...answer, event_id: T })).toEqual([]);
    expect(ofRecord({ id: 'target', ...answering })).toEqual([]);
  });
});
