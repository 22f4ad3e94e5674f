// Threads in both directions, by literal examples.
import { describe, expect, test } from 'vitest';
import { reply } from '../../../src/messages/aspects/reply.ts';
import { thread } from '../../../src/messages/aspects/thread.ts';
import type { Link } from '../../../src/messages/kind.ts';
import { ref } from '../../builders/fhir.ts';
import { eventId } from '../../builders/matrix.ts';
import { created, fromFhir, fromMatrix, knowing, link, MESSAGE_OPTIONS } from '../../builders/messages.ts';

const ROOT = eventId('$root');
const T = eventId('$target');
const aspects = [reply, thread];
const root = link({ cause: ROOT, eventId: ROOT, communication: ref('Communication/root') });
const said = (relation: object) => ({
  content: {
    msgtype: 'm.text',
    body: 'Yes',
    'm.relates_to': { rel_type: 'm.thread', event_id: ROOT, ...relation },
  },
});
const recorded = (over: object, ...links: readonly Link[]) =>
  created(fromMatrix(over, {}, knowing(...links), { aspects })?.writes);
const relationOf = (threads: 'on' | 'off', ...links: readonly Link[]): unknown => {
  const over = { inResponseTo: [{ reference: 'Communication/target' }] };
  const options = { ...MESSAGE_OPTIONS, threads };
  const [send] = fromFhir(over, { options }, [], knowing(...links), { aspects })?.sends ?? [];
  return send?.kind === 'send' ? send.content['m.relates_to'] : undefined;
};

describe('a message of a thread in the room', () => {
  const OF_ROOT = { reference: 'Communication/root', type: 'Communication' };

  test('says to which message the thread belongs', () => {
    expect(recorded(said({}), root).inResponseTo).toEqual([OF_ROOT]);
  });

  test('that shows another only to clients without threads does not answer that', () => {
    const over = said({ is_falling_back: true, 'm.in_reply_to': { event_id: T } });
    expect(recorded(over, root, link()).inResponseTo).toEqual([OF_ROOT]);
  });

  test('that answers another one says both, the answered one first', () => {
    const over = said({ is_falling_back: false, 'm.in_reply_to': { event_id: T } });
    expect(recorded(over, root, link()).inResponseTo).toEqual([
      { reference: 'Communication/target', type: 'Communication' },
      OF_ROOT,
    ]);
  });

  test('that answers the root itself says it once', () => {
    const over = said({ 'm.in_reply_to': { event_id: ROOT } });
    expect(recorded(over, root).inResponseTo).toEqual([OF_ROOT]);
  });

  test('whose root was not found is marked, once', () => {
    const record = recorded(said({ 'm.in_reply_to': { event_id: T } }));
    expect(record.meta?.tag).toMatchObject([{ code: 'target-missing' }]);
    expect(record.meta?.tag).toHaveLength(1);
  });
});

describe('an answer from a platform', () => {
  test('is a reply, unless the operator wants threads', () => {
    expect(relationOf('off', link())).toEqual({ 'm.in_reply_to': { event_id: T } });
  });

  test('opens a thread with the message that it answers, and is a reply for clients without threads', () => {
    expect(relationOf('on', link())).toEqual({
      ...{ rel_type: 'm.thread', event_id: T, is_falling_back: false },
      'm.in_reply_to': { event_id: T },
    });
  });

  test.each(['on', 'off'] as const)('to a message of a thread stays in it (threads: %s)', (threads) => {
    expect(relationOf(threads, link({ threadRoot: ROOT }))).toEqual({
      ...{ rel_type: 'm.thread', event_id: ROOT, is_falling_back: false },
      'm.in_reply_to': { event_id: T },
    });
  });

  test('to a message that is not there opens none', () => {
    expect(relationOf('on')).toBeUndefined();
  });
});
