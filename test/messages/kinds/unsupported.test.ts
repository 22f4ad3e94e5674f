// What no kind carries, with literal examples of both sides.
import { describe, expect, test } from 'vitest';
import { created, fromFhir, fromMatrix } from '../../builders/messages.ts';

describe('from Matrix: a marked record says that something was lost, and holds none of the content', () => {
  test.each([
    ['an image', { content: { msgtype: 'm.image', body: 'wound.jpg', url: 'mxc://x/y' } }, 'm.image'],
    ['an encrypted message', { type: 'm.room.encrypted', content: { ciphertext: 'x' } }, 'm.room.encrypted'],
    ['a sticker', { type: 'm.sticker', content: { body: 'thumbs up' } }, 'm.sticker'],
    ['a poll', { type: 'm.poll.start', content: { 'm.text': 'x' } }, 'm.poll.start'],
    ['a text without body', { content: { msgtype: 'm.text' } }, 'm.text'],
    ['an empty text', { content: { msgtype: 'm.text', body: '' } }, 'm.text'],
    ['a body that is no string', { content: { msgtype: 'm.text', body: 7 } }, 'm.text'],
    ['a hostile type', { content: { msgtype: '<script>alert(1)</script>' } }, 'unknown type'],
    ['a redacted message', { content: {} }, 'm.room.message'],
  ])('%s', (_, over, term) => {
    const read = fromMatrix(over);
    expect(read).toMatchObject({ kind: 'unsupported', notices: ['unsupported-content'] });
    expect(created(read?.writes).payload).toEqual([
      { contentString: `[A Matrix message of a kind that cannot be recorded here: ${term}]` },
    ]);
    expect(created(read?.writes).meta?.tag).toEqual([
      {
        system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/record',
        code: 'content-lost',
        display: 'Content was lost on the way',
      },
    ]);
  });
});

describe('from FHIR: attachments alone are named as lost', () => {
  const attachment = { contentAttachment: { title: 'scan.pdf' } };
  test.each([
    ['one', [attachment], '[1 attachment not shown here]'],
    ['two', [attachment, attachment], '[2 attachments not shown here]'],
  ])('%s', (_, payload, body) => {
    expect(fromFhir({ payload })).toEqual({
      kind: 'unsupported',
      sends: [{ kind: 'send', type: 'm.room.message', content: { msgtype: 'm.text', body } }],
    });
  });

  test('a Communication without content is of no kind', () => {
    expect(fromFhir({ payload: [] })).toBeUndefined();
    expect(fromFhir({ payload: [{ contentString: '' }] })).toBeUndefined();
  });
});
