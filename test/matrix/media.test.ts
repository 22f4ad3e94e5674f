// Media operations, against a scripted server: which requests they are, and what each refusal means.
import { expect, test } from 'vitest';
import type { MxcUri } from '../../src/domain/ids.ts';
import { isMxcUri } from '../../src/domain/ids.ts';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { createMedia } from '../../src/matrix/media.ts';
import { bytesOf, flowing } from '../builders/bytes.ts';
import { gate, serveScript, type Answer } from '../builders/http.ts';
import { BOT } from '../builders/matrix.ts';

const URI = 'mxc://example.org:8448/abc' as MxcUri;
const refusal = (status: number, errcode: string): Answer => ({ status, body: { errcode, error: 'no' } });
const file = () => flowing(Buffer.from('The file'), 'text/plain');

async function mediaAt(script: Parameters<typeof serveScript>[0], timeoutMs = 5_000) {
  const server = await serveScript(script);
  const client = createMatrixClient({
    ...{ homeserverUrl: server.url, asToken: 'as-token-0123456789', maxConcurrentRequests: 8 },
    ...{ requestTimeoutMs: 5_000, observe: () => () => undefined },
  });
  return { media: createMedia(client, timeoutMs), seen: server.seen };
}

test('a file is loaded down with the token in the header alone', async () => {
  const { media, seen } = await mediaAt(() => ({
    headers: { 'content-type': 'text/plain' },
    body: 'The file',
  }));
  const { content } = await media.download(BOT, URI);
  expect((await bytesOf(content)).toString()).toBe('The file');
  expect(seen[0]?.url.pathname).toBe('/_matrix/client/v1/media/download/example.org%3A8448/abc');
  expect(seen[0]?.headers.authorization).toBe('Bearer as-token-0123456789');
});

test('a file is uploaded under its reserved URI, with its type and size and without its name', async () => {
  const { media, seen } = await mediaAt(() => ({ body: { content_uri: URI, unused_expires_at: 1 } }));
  expect(await media.reserve(BOT)).toBe(URI);
  expect(await media.fill(BOT, URI, file())).toBe(true);
  const [created, filled] = seen;
  expect([created?.method, created?.url.pathname]).toEqual(['POST', '/_matrix/media/v1/create']);
  expect([filled?.method, filled?.url.pathname, filled?.body]).toEqual([
    'PUT',
    '/_matrix/media/v3/upload/example.org%3A8448/abc',
    'The file',
  ]);
  expect(filled?.headers).toMatchObject({ 'content-type': 'text/plain', 'content-length': '8' });
  expect(filled?.url.searchParams.has('filename')).toBe(false);
});

test.each([
  ['an earlier attempt did it', refusal(409, 'M_CANNOT_OVERWRITE_MEDIA'), true],
  ['the URI is not known any more', refusal(404, 'M_NOT_FOUND'), false],
])('an upload says whether the file is there: %s', async (_, answer, expected) => {
  const { media } = await mediaAt(() => answer);
  expect(await media.fill(BOT, URI, file())).toBe(expected);
});

test.each([
  [refusal(404, 'M_NOT_FOUND'), { code: 'matrix-refused', status: 404 }],
  [refusal(502, 'M_UNKNOWN'), { code: 'matrix-unavailable', status: 502 }],
  [refusal(504, 'M_NOT_YET_UPLOADED'), { code: 'matrix-unavailable', status: 504 }],
  [
    { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Proxy</h1>' },
    { code: 'matrix-unavailable' },
  ],
  [refusal(401, 'M_UNKNOWN_TOKEN'), { code: 'matrix-token' }],
  [{ status: 307, headers: { location: 'http://elsewhere/' } }, { code: 'matrix-unavailable' }],
])('a download that is refused (%j) says why', async (answer, expected) => {
  const { media } = await mediaAt(() => answer);
  await expect(media.download(BOT, URI)).rejects.toMatchObject(expected);
});

test('an upload of another size than was said fails, and one that takes too long', async () => {
  const { media } = await mediaAt(() => ({}));
  await expect(media.fill(BOT, URI, { ...file(), size: 9 })).rejects.toMatchObject({
    code: 'matrix-unavailable',
  });
  const never = gate<undefined>();
  const slow = await mediaAt(() => never.passed, 100);
  await expect(slow.media.fill(BOT, URI, file())).rejects.toMatchObject({ code: 'matrix-unavailable' });
});

test.each([
  [{ 'm.upload.size': 7 }, 7],
  [{}, undefined],
])('the largest upload of %j is %s', async (body, expected) => {
  const { media, seen } = await mediaAt(() => ({ body }));
  expect(await media.largestUpload(BOT)).toBe(expected);
  expect(seen[0]?.url.pathname).toBe('/_matrix/client/v1/media/config');
});

test.each([
  ['mxc://example.org/abc', true],
  ['mxc://[::1]:8448/A-b_9', true],
  ['mxc://example.org/', false],
  ['mxc://example.org/../x', false],
  ['mxc://example.org/a/b', false],
  ['mxc://example.org/a?b', false],
  ['mxc://user@example.org/a', false],
  ['https://example.org/a', false],
  [`mxc://example.org/${'a'.repeat(256)}`, false],
  [7, false],
])('%j is the URI of a file: %s', (value, expected) => {
  expect(isMxcUri(value)).toBe(expected);
});
