// How an event refers to others, and what is left of a reference that has not the form of the specification.
import { describe, expect, test } from 'vitest';
import { isEmptied, redactedBy, relationsOf } from '../../src/messages/relations.ts';
import { message } from '../builders/matrix.ts';

const relations = (relation: unknown) => relationsOf({ 'm.relates_to': relation });
const T = '$target';

describe('a reference', () => {
  test.each([
    ['an edit', { rel_type: 'm.replace', event_id: T }, { replaces: T }],
    ['a thread', { rel_type: 'm.thread', event_id: T }, { threadRoot: T }],
    ['an answer', { 'm.in_reply_to': { event_id: T } }, { answers: T }],
    [
      'an answer in a thread',
      {
        ...{ rel_type: 'm.thread', event_id: T, is_falling_back: false },
        'm.in_reply_to': { event_id: '$answered' },
      },
      { threadRoot: T, answers: '$answered' },
    ],
    [
      'a message of a thread, which answers another only for clients without threads',
      { rel_type: 'm.thread', event_id: T, is_falling_back: true, 'm.in_reply_to': { event_id: '$last' } },
      { threadRoot: T },
    ],
    [
      'a reaction',
      { rel_type: 'm.annotation', event_id: T, key: '👍' },
      { reactsTo: { target: T, key: '👍' } },
    ],
    ['a reference', { rel_type: 'm.reference', event_id: T }, { refersTo: T }],
    [
      'an edit that keeps what it answers',
      { rel_type: 'm.replace', event_id: T, 'm.in_reply_to': { event_id: '$answered' } },
      { replaces: T, answers: '$answered' },
    ],
  ])('%s', (_, relation, expected) => {
    expect(relations(relation)).toEqual(expected);
  });
});

describe('what has not the form of the specification refers to nothing', () => {
  const DEEP = Array.from({ length: 2_000 }).reduce<unknown>((inner) => ({ event_id: inner }), T);
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', T],
    ['a list', [{ rel_type: 'm.replace', event_id: T }]],
    ['a number', 7],
    ['an object without anything', {}],
    ['a type alone', { rel_type: 'm.replace' }],
    ['an event id alone', { event_id: T }],
    ['a type of the wrong type', { rel_type: ['m.replace'], event_id: T }],
    ['a type that is unknown', { rel_type: 'm.replace ', event_id: T }],
    ['an event id of the wrong type', { rel_type: 'm.replace', event_id: { id: T } }],
    ['an event id without the dollar sign', { rel_type: 'm.replace', event_id: 'target' }],
    ['a room id', { rel_type: 'm.replace', event_id: '!room:example.org' }],
    ['an empty event id', { rel_type: 'm.replace', event_id: '' }],
    ['the dollar sign alone', { rel_type: 'm.replace', event_id: '$' }],
    ['an event id with a line break', { rel_type: 'm.replace', event_id: '$a\n$b' }],
    ['an event id with a space', { rel_type: 'm.replace', event_id: '$a b' }],
    ['an event id of 256 characters', { rel_type: 'm.replace', event_id: `$${'a'.repeat(255)}` }],
    ['an event id of 64 KiB', { rel_type: 'm.replace', event_id: `$${'a'.repeat(65_536)}` }],
    ['an event id nested two thousand deep', { rel_type: 'm.replace', event_id: DEEP }],
    ['a reaction without a key', { rel_type: 'm.annotation', event_id: T }],
    ['a reaction whose key is a list', { rel_type: 'm.annotation', event_id: T, key: ['👍'] }],
    ['an answer to a text', { 'm.in_reply_to': T }],
    ['an answer to null', { 'm.in_reply_to': null }],
    ['an answer to what is no event', { 'm.in_reply_to': { event_id: '@nurse:example.org' } }],
  ])('%s', (_, relation) => {
    expect(relations(relation)).toEqual({});
  });

  test('a prototype that is polluted adds no reference', () => {
    const relation: unknown = JSON.parse('{"__proto__":{"rel_type":"m.replace","event_id":"$target"}}');
    expect(relations(relation)).toEqual({});
  });
});

describe('a redaction names its event', () => {
  const redaction = (over: object) => redactedBy(message({ type: 'm.room.redaction', content: {}, ...over }));

  test.each([
    ['in its content, from room version 11 on', { content: { redacts: T } }],
    ['beside it, before', { redacts: T }],
    ['in both places, as homeservers write it for clients', { content: { redacts: T }, redacts: T }],
  ])('%s', (_, over) => {
    expect(redaction(over)).toBe(T);
  });

  test.each([
    ['nowhere', {}],
    ['two different ones, of which one is invented', { content: { redacts: '$other' }, redacts: T }],
    ['one beside, and a number in the content', { content: { redacts: 7 }, redacts: T }],
    ['an object', { content: { redacts: { event_id: T } } }],
    ['a list', { redacts: [T] }],
    ['what is no event id', { content: { redacts: '@nurse:example.org' } }],
    ['an event, in an event of another type', { type: 'm.room.message', content: { redacts: T } }],
  ])('but not %s', (_, over) => {
    expect(redaction(over)).toBeUndefined();
  });
});

describe('an event that was redacted before it was read', () => {
  test.each([
    ['is told by what the homeserver adds', { redacted_because: { event_id: '$redaction' } }, true],
    ['is not told by an age', { age: 5 }, false],
    ['is not told by a word', { redacted_because: 'spam' }, false],
    ['is not told by nothing', undefined, false],
  ])('%s', (_, unsigned, expected) => {
    expect(isEmptied(message({ unsigned }))).toBe(expected);
  });
});
