// Edits in both directions, by literal examples; and edits that no one may make.
import { describe, expect, test } from 'vitest';
import type { Communication } from '../../../src/domain/fhir.ts';
import type { FhirWrite } from '../../../src/messages/effects.ts';
import type { Link } from '../../../src/messages/kind.ts';
import { communication, ref } from '../../builders/fhir.ts';
import { eventId, userId } from '../../builders/matrix.ts';
import { fromMatrix, GHOST, knowing, link, MESSAGE_OPTIONS } from '../../builders/messages.ts';
import { mention } from '../../../src/messages/aspects/mention.ts';

const T = eventId('$target');
const EDIT = eventId('$edit');
const RECORD = ref('Communication/target');
const edit = (newContent: unknown = { msgtype: 'm.text', body: '10 E' }, over: object = {}) => ({
  event_id: EDIT,
  origin_server_ts: 2_000,
  content: {
    ...{ msgtype: 'm.text', body: '* 10 E', 'm.new_content': newContent },
    'm.relates_to': { rel_type: 'm.replace', event_id: T },
  },
  ...over,
});
const earlier = (over: Partial<Link>): Link =>
  link({ cause: '$earlier', eventId: eventId('$earlier'), kind: 'edit', target: T, ...over });
const applied = (writes: readonly FhirWrite[] | undefined, before: Partial<Communication> = {}) =>
  (writes ?? []).map((write) =>
    write.kind === 'change' ? write.apply({ ...communication({ id: 'target' }), ...before }) : write,
  );

describe('an edit by the author is a new version of the record', () => {
  test('with the new text, and all else as it was', () => {
    const read = fromMatrix(edit(), {}, knowing(link()));
    expect(read).toMatchObject({
      kind: 'edit',
      writes: [{ kind: 'change', reference: RECORD, target: T }],
      notices: [],
    });
    expect(applied(read?.writes)).toEqual([
      { ...communication({ id: 'target' }), payload: [{ contentString: '10 E' }], meta: {} },
    ]);
  });

  test('that is so already is not written', () => {
    const { writes } = fromMatrix(edit(), {}, knowing(link())) ?? {};
    expect(applied(writes, { payload: [{ contentString: '10 E' }] })).toEqual([undefined]);
  });

  test('that shows nothing leaves the record in error, and the next one brings it back', () => {
    const blank = fromMatrix(edit({ msgtype: 'm.text', body: ' ' }), {}, knowing(link()));
    expect(blank?.notices).toEqual(['empty-message']);
    const [empty] = applied(blank?.writes);
    expect(empty).toMatchObject({ status: 'entered-in-error', meta: { tag: [{ code: 'emptied' }] } });
    const { writes } = fromMatrix(edit(), {}, knowing(link())) ?? {};
    const [back] = applied(writes, empty as Communication);
    expect(back).toMatchObject({ status: 'completed', payload: [{ contentString: '10 E' }] });
    expect(back).not.toHaveProperty('meta.tag');
  });

  test('does not bring back what a platform has entered in error, though it shows nothing', () => {
    const blank = fromMatrix(edit({ msgtype: 'm.text', body: ' ' }), {}, knowing(link()));
    const [empty] = applied(blank?.writes, { status: 'entered-in-error' });
    const { writes } = fromMatrix(edit(), {}, knowing(link())) ?? {};
    expect(applied(writes, empty as Communication)).toEqual([undefined]);
  });

  test('is an emote where it was a text, and keeps what others have tagged', () => {
    const { writes } = fromMatrix(edit({ msgtype: 'm.emote', body: 'waves' }), {}, knowing(link())) ?? {};
    const foreign = { system: 'https://example.org/tags', code: 'urgent' };
    expect(applied(writes, { meta: { tag: [foreign] } })).toMatchObject([
      { payload: [{ contentString: 'waves' }], meta: { tag: [foreign, { code: 'emote' }] } },
    ]);
  });

  test('is a text where it was an emote', () => {
    const { writes } = fromMatrix(edit(), {}, knowing(link())) ?? {};
    const tags = fromMatrix({ content: { msgtype: 'm.emote', body: '10 E' } })?.writes;
    const tag = tags?.flatMap((write) =>
      write.kind === 'create' ? (write.communication.meta?.tag ?? []) : [],
    );
    expect(applied(writes, { meta: { tag: tag ?? [] }, payload: [{ contentString: '10 E' }] })).toEqual([
      { ...communication({ id: 'target' }), payload: [{ contentString: '10 E' }], meta: {} },
    ]);
  });

  test('keeps the mark that what the message answers was not found', () => {
    const answering = { 'm.relates_to': { 'm.in_reply_to': { event_id: '$nowhere' } } };
    const { writes: first } = fromMatrix({ content: { msgtype: 'm.text', body: 'a', ...answering } }) ?? {};
    expect(first).toHaveLength(1);
    const missing = {
      system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/record',
      code: 'target-missing',
    };
    const { writes } = fromMatrix(edit(), {}, knowing(link())) ?? {};
    expect(applied(writes, { meta: { tag: [missing] } })).toMatchObject([{ meta: { tag: [missing] } }]);
  });

  test('adds whom it mentions to the recipients', () => {
    const mentioning = {
      msgtype: 'm.text',
      body: '@doctor',
      'm.mentions': { user_ids: ['@doctor:example.org'] },
    };
    const people = new Map([[userId('@doctor:example.org'), ref('Practitioner/8')]]);
    const { writes } =
      fromMatrix(edit(mentioning), { people }, knowing(link()), { aspects: [mention] }) ?? {};
    expect(applied(writes, { recipient: [{ reference: 'Patient/12' }] })).toMatchObject([
      { recipient: [{ reference: 'Patient/12' }, { reference: 'Practitioner/8' }] },
    ]);
  });

  test('with content that cannot be recorded says so, and so does the notice', () => {
    const read = fromMatrix(edit({ msgtype: 'm.odd', body: 'x' }), {}, knowing(link()));
    expect(read?.notices).toEqual(['unsupported-content']);
    expect(applied(read?.writes)).toMatchObject([{ meta: { tag: [{ code: 'content-lost' }] } }]);
  });

  test('of a message in two records leaves the second one in error', () => {
    const second = link({ part: 1, communication: ref('Communication/second') });
    const { writes } = fromMatrix(edit(), {}, knowing(link(), second)) ?? {};
    expect(applied(writes)).toMatchObject([
      { status: 'completed', payload: [{ contentString: '10 E' }] },
      { status: 'entered-in-error', payload: [{ _contentString: {} }] },
    ]);
  });

  test('of a message that was retracted on the FHIR side changes nothing', () => {
    const { writes } = fromMatrix(edit(), {}, knowing(link())) ?? {};
    expect(applied(writes, { status: 'entered-in-error' })).toEqual([undefined]);
  });
});

describe('with `retract-and-correct` an edit', () => {
  const options = { ...MESSAGE_OPTIONS, edits: 'retract-and-correct' } as const;

  test('puts the record in error, and makes a new one that answers it', () => {
    const { writes } = fromMatrix(edit(), { options }, knowing(link())) ?? {};
    expect(applied(writes)).toMatchObject([
      { status: 'entered-in-error' },
      {
        kind: 'create',
        communication: {
          ...{ status: 'completed', payload: [{ contentString: '10 E' }] },
          identifier: [{ value: EDIT }],
          inResponseTo: [{ reference: RECORD, type: 'Communication' }],
        },
      },
    ]);
  });

  test('that follows another corrects the correction', () => {
    const correction = earlier({ part: 1, communication: ref('Communication/corrected') });
    const known = knowing(link(), earlier({}), correction);
    const { writes } = fromMatrix(edit(), { options }, known) ?? {};
    expect(writes).toMatchObject([
      { kind: 'change', reference: 'Communication/corrected' },
      { kind: 'create', communication: { inResponseTo: [{ reference: 'Communication/corrected' }] } },
    ]);
  });

  test('that follows one which was redacted corrects the first record', () => {
    const correction = earlier({ part: 1, communication: ref('Communication/corrected') });
    const redaction = link({
      kind: 'retraction',
      cause: '$r',
      eventId: eventId('$r'),
      target: eventId('$earlier'),
    });
    const known = knowing(link(), earlier({}), correction, redaction);
    const { writes } = fromMatrix(edit(), { options }, known) ?? {};
    expect(writes).toMatchObject([{ kind: 'change', reference: RECORD }, { kind: 'create' }]);
  });
});

describe('of several edits the latest counts, in whatever order they come', () => {
  test.each([
    ['one of a later time', { sentAt: new Date(3_000) }, 'superseded'],
    [
      'one of the same millisecond with a greater event id',
      { sentAt: new Date(2_000), eventId: eventId('$f') },
      'superseded',
    ],
    [
      'one of the same millisecond with a smaller event id',
      { sentAt: new Date(2_000), eventId: eventId('$a') },
      undefined,
    ],
    ['one of an earlier time', { sentAt: new Date(1_500) }, undefined],
    ['one by a platform, whenever', { origin: 'fhir', sentAt: undefined }, undefined],
  ] as const)('after %s', (_, over, ignored) => {
    expect(fromMatrix(edit(), {}, knowing(link(), earlier(over)))?.ignored).toBe(ignored);
  });

  test('a later one that was redacted does not count', () => {
    const redaction = link({
      kind: 'retraction',
      cause: '$r',
      eventId: eventId('$r'),
      target: eventId('$earlier'),
    });
    const known = knowing(link(), earlier({ sentAt: new Date(3_000) }), redaction);
    expect(fromMatrix(edit(), {}, known)?.ignored).toBeUndefined();
  });

  test('after the retraction of the message none does', () => {
    const redaction = link({ kind: 'retraction', cause: '$r', eventId: eventId('$r'), target: T });
    expect(fromMatrix(edit(), {}, knowing(link(), redaction))).toMatchObject({
      writes: [],
      ignored: 'superseded',
    });
  });
});

describe('an edit that no client shows changes nothing', () => {
  const byOther = { sender: '@eve:example.org' };
  test.each<[string, object, readonly Link[]]>([
    ['of the message of another', edit(undefined, byOther), [link()]],
    ['of another, by one who may redact', edit(undefined, byOther), [link()]],
    ['of a ghost’s message', edit(), [link({ origin: 'fhir', sender: GHOST })]],
    ['of a message whose author is not known', edit(), [link({ sender: undefined })]],
    ['of an edit', edit(), [link({ kind: 'edit', target: eventId('$first') })]],
    ['by the namesake on another server', edit(undefined, { sender: '@nurse:elsewhere.example' }), [link()]],
    ['by who differs in case', edit(undefined, { sender: '@Nurse:example.org' }), [link()]],
    [
      'of a message of two records, one of which is another’s',
      edit(),
      [link(), link({ part: 1, sender: GHOST })],
    ],
  ])('%s', (_, over, links) => {
    const read = fromMatrix(over, {}, knowing(...links), { mayRedact: true });
    expect(read).toMatchObject({ kind: 'edit', writes: [], notices: [], ignored: 'not-the-author' });
  });
});

describe('what only looks like an edit', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', '10 E'],
    ['a list', [{ body: '10 E' }]],
  ])('with %s for its new content is a message of its own', (_, newContent) => {
    const content = { ...edit().content, 'm.new_content': newContent };
    const read = fromMatrix({ ...edit(), content }, {}, knowing(link()));
    expect(read).toMatchObject({ kind: 'text', writes: [{ kind: 'create' }] });
  });

  test.each(['m.sticker', 'm.room.encrypted', 'm.poll.start'])(
    'an event of type %s is none of a text',
    (type) => {
      const read = fromMatrix(edit(undefined, { type }), {}, knowing(link()));
      expect(read?.kind).not.toBe('edit');
      expect(read?.writes).toMatchObject([{ kind: 'create' }]);
    },
  );

  test('what the new content says of relations and ids is not read', () => {
    const newContent = {
      ...{ msgtype: 'm.text', body: '10 E', event_id: '$other', sender: '@eve:example.org' },
      'm.relates_to': { rel_type: 'm.replace', event_id: '$other' },
      'm.new_content': { msgtype: 'm.text', body: 'deeper' },
    };
    const { writes } = fromMatrix(edit(newContent), {}, knowing(link())) ?? {};
    expect(applied(writes)).toMatchObject([{ id: 'target', payload: [{ contentString: '10 E' }] }]);
  });
});

test('an edit of a message that is not known is a message, and marked', () => {
  const read = fromMatrix(edit());
  expect(read?.writes).toMatchObject([
    {
      kind: 'create',
      communication: {
        ...{ status: 'completed', payload: [{ contentString: '10 E' }] },
        meta: { tag: [{ code: 'target-missing' }] },
      },
    },
  ]);
});
