// Reactions and their taking back, by literal examples; and reactions that no one may take back.
import { describe, expect, test } from 'vitest';
import type { Communication } from '../../../src/domain/fhir.ts';
import type { FhirWrite } from '../../../src/messages/effects.ts';
import type { Link } from '../../../src/messages/kind.ts';
import { communication, ref } from '../../builders/fhir.ts';
import { eventId } from '../../builders/matrix.ts';
import { author, fromFhir, fromMatrix, knowing, link, MESSAGE_OPTIONS } from '../../builders/messages.ts';

const T = eventId('$target');
const LIKE = eventId('$like');
const options = { ...MESSAGE_OPTIONS, reactions: 'note' } as const;
const NOTE_ID = expect.stringMatching(/^reaction-[0-9a-f]{32}$/) as string;
const reaction = (key: unknown = '👍', over: object = {}) => ({
  ...{ event_id: LIKE, type: 'm.reaction', sender: '@doctor:example.org' },
  content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: T, key } },
  ...over,
});
const applied = (writes: readonly FhirWrite[] | undefined, before: Partial<Communication> = {}) =>
  (writes ?? []).map((write) =>
    write.kind === 'change' ? write.apply({ ...communication(), ...before }) : write,
  );
const read = (over: object, ...links: readonly Link[]) =>
  fromMatrix(over, { options }, knowing(link(), ...links));

describe('a reaction', () => {
  test('is not carried by default, and its sender is told', () => {
    expect(fromMatrix(reaction(), {}, knowing(link()))).toEqual({
      ...{ kind: 'reaction', writes: [], notices: ['unsupported-event'] },
    });
  });

  test('becomes a note on the record, by whom and when', () => {
    const { writes } = read(reaction()) ?? {};
    expect(writes).toMatchObject([{ kind: 'change', reference: 'Communication/target', target: T }]);
    expect(applied(writes)).toEqual([
      {
        ...communication(),
        note: [
          {
            ...{ id: NOTE_ID, authorReference: { reference: 'Practitioner/7', type: 'Practitioner' } },
            ...{ time: '2025-09-26T09:30:15.250Z', text: '👍' },
          },
        ],
      },
    ]);
  });

  test.each([
    ['of someone whom FHIR does not know', undefined, { authorString: '@doctor:example.org' }],
    [
      'of a role, which cannot be the author of a note',
      ref('PractitionerRole/3'),
      { authorString: '@doctor:example.org' },
    ],
    ['of a patient', ref('Patient/12'), { authorReference: { reference: 'Patient/12' } }],
  ])('%s', (_, sender, expected) => {
    const { writes } =
      fromMatrix(reaction(), { options, author: author({ person: sender }) }, knowing(link())) ?? {};
    expect(applied(writes)).toMatchObject([{ note: [expected] }]);
  });

  test('beside another note, and once', () => {
    const { writes } = read(reaction()) ?? {};
    const [first] = applied(writes, { note: [{ text: 'By the platform' }] });
    const note = first !== undefined && 'note' in first ? (first.note ?? []) : [];
    expect(note).toMatchObject([{ text: 'By the platform' }, { text: '👍' }]);
    expect(applied(writes, { note: [...note] })).toEqual([undefined]);
  });

  test('to a message in another room, or to none, is not carried', () => {
    expect(fromMatrix(reaction(), { options })).toMatchObject({ writes: [], ignored: 'target-missing' });
  });
});

describe('the key of a reaction', () => {
  const text = (key: unknown) =>
    applied(read(reaction(key))?.writes).map((each) =>
      each && 'note' in each ? each.note?.[0]?.text : undefined,
    );

  test.each([
    ['a family of four in one emoji', '👨‍👩‍👧‍👦', '👨‍👩‍👧‍👦'],
    ['a word', 'thanks', 'thanks'],
    ['64 KiB', 'x'.repeat(65_536), 'x'.repeat(64)],
    ['64 KiB of emoji, none of which is cut in half', '👍'.repeat(16_384), '👍'.repeat(64)],
    ['half of an emoji', '\uD83D', '\uFFFD'],
    ['control characters', '\u0007👍\u001B', '👍'],
    ['HTML, which stays text', '<b>x</b>', '<b>x</b>'],
    ['an address of a picture, as custom emoji have', 'mxc://example.org/abc', 'mxc://example.org/abc'],
  ])('%s', (_, key, expected) => {
    expect(text(key)).toEqual([expected]);
  });

  test.each<[string, unknown]>([
    ['nothing', ''],
    ['spaces', '   '],
    ['control characters alone', '\u0000\u0007'],
    ['a number', 7],
    ['a list', ['👍']],
    ['an object', { key: '👍' }],
  ])('of %s is no reaction', (_, key) => {
    expect(read(reaction(key))).toBeUndefined();
  });
});

describe('a reaction is taken back', () => {
  const like = link({ kind: 'reaction', cause: LIKE, eventId: LIKE, target: T });
  const redaction = (over: object = {}) => ({
    ...{ event_id: '$redaction', type: 'm.room.redaction', content: { redacts: LIKE } },
    ...over,
  });
  const withNote = () => {
    const [noted] = applied(read(reaction())?.writes);
    return noted !== undefined && 'note' in noted ? { note: noted.note ?? [] } : {};
  };

  test('by who gave it: the note goes, and no empty list stays', () => {
    const found = read(redaction(), like);
    expect(found).toMatchObject({
      kind: 'reaction',
      writes: [{ reference: 'Communication/target', target: T }],
    });
    expect(applied(found?.writes, withNote())).toEqual([communication()]);
    expect(applied(found?.writes)).toEqual([undefined]);
  });

  test('with the notes of others left alone', () => {
    const others = [{ text: 'By the platform' }];
    const { note } = withNote();
    expect(applied(read(redaction(), like)?.writes, { note: [...(note ?? []), ...others] })).toEqual([
      { ...communication(), note: others },
    ]);
  });

  test.each(['@eve:example.org', '@nurse:elsewhere.example'])('but not by %s', (sender) => {
    expect(read(redaction({ sender }), like)).toMatchObject({ writes: [], ignored: 'not-the-author' });
  });

  test('or by a member who may redact', () => {
    const found = fromMatrix(redaction({ sender: '@head:example.org' }), { options }, knowing(link(), like), {
      mayRedact: true,
    });
    expect(found).toMatchObject({ kind: 'reaction', writes: [{ kind: 'change' }] });
  });
});

test('a note that a platform writes is not shown', () => {
  expect(fromFhir({ note: [{ text: 'x' }], payload: [] })).toBeUndefined();
});
