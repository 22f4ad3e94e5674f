// How a file stands in a message once it is copied, and when it is refused.
import { describe, expect, test } from 'vitest';
import type { MxcUri } from '../../src/domain/ids.ts';
import { copiedAttachment, isToBeCopied, withoutUpload, withUpload } from '../../src/messages/files.ts';
import { TEXTS } from '../../src/mapping/language/languages.ts';
import { contentDigest, filesDiffer } from '../../src/messages/envelope.ts';
import { ref } from '../builders/fhir.ts';
import { envelope } from '../builders/messages.ts';

const uri = 'mxc://example.org/abc' as MxcUri;

test('a copied file has the type and size of its content, whatever its sender claimed', () => {
  const claimed = { contentType: 'image/png', url: uri, title: 'a.png', size: 1 };
  const file = { contentType: 'application/pdf', size: 9, hash: 'aGFzaA==', binary: ref('Binary/file-1') };
  expect(copiedAttachment(claimed, file)).toEqual({
    ...{ contentType: 'application/pdf', url: 'Binary/file-1', title: 'a.png', size: 9, hash: 'aGFzaA==' },
  });
});

test.each([
  [{ contentAttachment: { url: uri } }, true],
  [{ contentAttachment: { url: 'mxc://' } }, true],
  [{ contentAttachment: { url: 'Binary/1' } }, false],
  [{ contentAttachment: {} }, false],
  [{ contentString: uri }, false],
])('%j is to be copied: %s', (payload, expected) => {
  expect(isToBeCopied(payload)).toBe(expected);
});

test.each([
  ['image/png', 'm.image'],
  ['audio/ogg', 'm.audio'],
  ['video/mp4', 'm.video'],
  ['application/pdf', 'm.file'],
  ['text/plain', 'm.file'],
])('a file of type %s is shown as %s', (contentType, msgtype) => {
  const content = { msgtype: 'm.file', body: 'a', info: { w: 2 } };
  expect(withUpload(content, { uri, contentType, size: 7 })).toEqual({
    ...{ msgtype, body: 'a', url: uri },
    info: { w: 2, mimetype: contentType, size: 7 },
  });
});

test('in place of a refused file stands a text that says so, and answers what the file would have answered', () => {
  const content = {
    ...{ msgtype: 'm.file', body: 'a.exe', info: {}, 'm.mentions': {} },
    'm.relates_to': { 'm.in_reply_to': { event_id: '$e' } },
  };
  expect(withoutUpload(content, 'a.exe', 'type-not-allowed', TEXTS.en)).toEqual({
    ...{ msgtype: 'm.text', body: '[A file is missing here, a.exe: files of this type are not allowed]' },
    ...{ 'm.mentions': {}, 'm.relates_to': { 'm.in_reply_to': { event_id: '$e' } } },
  });
});

describe('the digest', () => {
  const of = (attachment: object) =>
    contentDigest(envelope({ payload: [{ contentAttachment: attachment }] }));

  test('is the same when a server orders the elements of a file anew', () => {
    expect(of({ url: 'Binary/1', contentType: 'text/plain' })).toBe(
      of({ contentType: 'text/plain', url: 'Binary/1' }),
    );
    expect(of({ url: 'Binary/1', id: 'x' })).toBe(of({ url: 'Binary/1' }));
  });

  test('tells one file from another', () => {
    expect(filesDiffer(of({ url: 'Binary/1' }), of({ url: 'Binary/2' }))).toBe(true);
  });
});
