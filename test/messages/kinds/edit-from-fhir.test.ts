// What a platform changed of a Communication that was carried, by literal examples.
import { describe, expect, test } from 'vitest';
import { MESSAGE_KIND_SYSTEM } from '../../../src/domain/fhir.ts';
import { contentDigest } from '../../../src/messages/envelope.ts';
import type { Link, MatrixContext } from '../../../src/messages/kind.ts';
import { eventId, roomId } from '../../builders/matrix.ts';
import { envelope, fromFhir, GHOST, link } from '../../builders/messages.ts';

const T = eventId('$target');
const EDIT = eventId('$edit');

describe('a Communication that a platform changed', () => {
  const sent = (over: Partial<Link> = {}): Link =>
    link({ ...{ origin: 'fhir', cause: 'Communication/target', sender: GHOST, digest: 'before' }, ...over });
  const changed = { payload: [{ contentString: '10 E' }] };

  test('is an edit by the ghost that sent it', () => {
    expect(fromFhir(changed, {}, [sent()])).toEqual({
      kind: 'edit',
      sends: [
        {
          ...{ kind: 'send', type: 'm.room.message', target: T },
          content: {
            ...{ msgtype: 'm.text', body: '* 10 E', 'm.mentions': {} },
            'm.new_content': { msgtype: 'm.text', body: '10 E', 'm.mentions': {} },
            'm.relates_to': { rel_type: 'm.replace', event_id: T },
          },
        },
      ],
    });
  });

  test('and was written by a user is answered by the bot', () => {
    expect(fromFhir(changed, {}, [link({ digest: 'before' })])?.sends).toEqual([
      {
        ...{ kind: 'send', type: 'm.room.message', target: T, by: 'bot' },
        content: {
          ...{ msgtype: 'm.text', body: 'Changed in the record: 10 E', 'm.mentions': {} },
          'm.relates_to': { 'm.in_reply_to': { event_id: T } },
        },
      },
    ]);
  });

  test.each<[string, Partial<Link>, Partial<MatrixContext>]>([
    ['whose sender is another now', {}, { isSameSender: false }],
    ['that stands in another room', { roomId: roomId('!former:example.org') }, {}],
    [
      'of a user that belongs to another conversation now',
      { origin: 'matrix', roomId: roomId('!other:example.org') },
      {},
    ],
  ])('%s is redacted and sent as new', (_, over, context) => {
    const sends = fromFhir(changed, context, [sent(over)])?.sends;
    expect(sends).toMatchObject([
      { kind: 'redact', eventId: T },
      { kind: 'send', content: { body: '10 E' } },
    ]);
    expect(JSON.stringify(sends?.slice(1))).not.toContain(T);
  });

  test('with it go the edits of it that were sent before', () => {
    const edited = sent({ kind: 'edit', eventId: EDIT, target: T });
    const sends = fromFhir(changed, {}, [sent({ roomId: roomId('!former:example.org') }), edited])?.sends;
    expect(sends).toMatchObject([
      { kind: 'redact', eventId: T },
      { kind: 'redact', eventId: EDIT },
      { kind: 'send' },
    ]);
  });

  test('after its message was redacted is sent as new', () => {
    const gone = sent({ kind: 'retraction', eventId: eventId('$r'), target: T });
    expect(fromFhir(changed, {}, [sent(), gone])?.sends).toMatchObject([
      { kind: 'send', content: { body: '10 E' } },
    ]);
  });

  test('and is a place is redacted and sent as new: clients do not show edits of places', () => {
    const tag = [{ system: MESSAGE_KIND_SYSTEM, code: 'location' }];
    const place = { meta: { tag }, payload: [{ contentString: 'geo:52.1,5.1' }] };
    expect(fromFhir(place, {}, [sent({ kind: 'location' })])?.sends).toMatchObject([
      { kind: 'redact', eventId: T },
      { kind: 'send', content: { msgtype: 'm.location', geo_uri: 'geo:52.1,5.1' } },
    ]);
  });

  describe('and has a file', () => {
    const file = { contentAttachment: { url: 'Binary/1', title: 'a.pdf' } };
    const digest = contentDigest(envelope({ sender: undefined, payload: [file] }));
    const only = sent({ digest });
    const second = sent({ digest, eventId: eventId('$file'), part: 1 });
    const withText = { payload: [{ contentString: '10 E' }, file] };

    test('that is the same keeps it; the text alone is edited', () => {
      expect(fromFhir(withText, {}, [only, second])?.sends).toMatchObject([{ kind: 'send', target: T }]);
    });

    test.each([
      ['alone, is sent as new where its sender is another', { payload: [file] }, [only]],
      ['beside a text, likewise: the file bears the name of the sender', withText, [only, second]],
    ])('%s', (_, over, carried) => {
      const sends = fromFhir(over, { relayedFor: 'Els' }, carried)?.sends ?? [];
      expect(sends.filter(({ kind }) => kind === 'redact')).toHaveLength(carried.length);
      expect(sends.at(-1)).toMatchObject({ kind: 'send', content: { body: 'Els: a.pdf' } });
    });
  });

  test('whose edit alone was redacted is edited again', () => {
    const edited = sent({ kind: 'edit', eventId: EDIT, target: T });
    const gone = sent({ kind: 'retraction', eventId: eventId('$r'), target: EDIT });
    expect(fromFhir(changed, {}, [sent(), edited, gone])?.sends).toMatchObject([{ kind: 'send', target: T }]);
  });
});
