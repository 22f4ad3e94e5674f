// The payload of a Communication as the parts of a message.
import { describe, expect, test } from 'vitest';
import { partsOf, textOfParts } from '../../src/messages/content.ts';
import { contentDigest } from '../../src/messages/envelope.ts';
import { envelope } from '../builders/messages.ts';

const html = (source: string) => ({
  contentAttachment: { contentType: 'text/html', data: Buffer.from(source).toString('base64') },
});
const text = (plain: string, formatted?: string) => ({
  kind: 'text',
  text: formatted === undefined ? { plain } : { plain, html: formatted },
});

describe('the payload is read in order', () => {
  const file = { contentAttachment: { title: 'scan.pdf' } };
  const reference = { contentReference: { reference: 'DocumentReference/1' } };
  test.each([
    ['nothing', undefined, []],
    [
      'texts, files and references',
      [{ contentString: 'a' }, file, reference, { contentString: 'b' }],
      [
        text('a'),
        { kind: 'file', attachment: file.contentAttachment },
        { kind: 'reference', reference: reference.contentReference },
        text('b'),
      ],
    ],
    ['texts cleaned', [{ contentString: 'a\0\r\nb\u202E' }], [text('a\nb')]],
    ['texts that show nothing left out', [{ contentString: '' }, { contentString: ' \u200B' }], []],
    ['a text that is marked as absent left out', [{ _contentString: { extension: [] } }], []],
    [
      'HTML as the formatting of the text before it',
      [{ contentString: 'a  b' }, html('<b>a</b> b')],
      [text('a  b', '<b>a</b> b')],
    ],
    [
      'HTML of another text as a text',
      [{ contentString: 'a' }, html('<b>b</b>')],
      [text('a'), text('b', '<b>b</b>')],
    ],
    [
      'HTML before its text as a text',
      [html('<b>a</b>'), { contentString: 'a' }],
      [text('a', '<b>a</b>'), text('a')],
    ],
    [
      'the same HTML twice as two texts',
      [{ contentString: 'a' }, html('<b>a</b>'), html('<b>a</b>')],
      [text('a', '<b>a</b>'), text('a', '<b>a</b>')],
    ],
    [
      'HTML after a file as a text',
      [{ contentString: 'a' }, file, html('<b>a</b>')],
      [text('a'), { kind: 'file', attachment: file.contentAttachment }, text('a', '<b>a</b>')],
    ],
  ])('%s', (_, payload, parts) => {
    expect(partsOf(payload)).toEqual(parts);
  });
});

describe('the texts as one', () => {
  test.each([
    ['none', [], undefined],
    ['one', [{ contentString: 'a' }], { plain: 'a' }],
    ['several', [{ contentString: 'a' }, { contentString: 'b' }], { plain: 'a\nb' }],
    [
      'one of them formatted',
      [{ contentString: 'a\n<' }, html('<b>b</b>')],
      { plain: 'a\n<\nb', html: 'a<br />&lt;<br /><b>b</b>' },
    ],
  ])('%s', (_, payload, whole) => {
    expect(textOfParts(partsOf(payload))).toEqual(whole);
  });
});

describe('the digest of a text', () => {
  const digest = (...payload: readonly unknown[]) => contentDigest(envelope({ payload }));

  test('changes with its formatting', () => {
    expect(digest(html('<b>a</b>'))).not.toBe(digest(html('<i>a</i>')));
    expect(digest({ contentString: 'a' }, html('<b>a</b>'))).not.toBe(digest({ contentString: 'a' }));
  });

  test('does not change with what is taken out', () => {
    expect(digest({ contentString: 'a\0\r\nb' })).toBe(digest({ contentString: 'a\nb' }));
    expect(digest(html('<b onclick="x">a</b>'))).toBe(digest(html('<b>a</b><script>x</script>')));
  });
});
