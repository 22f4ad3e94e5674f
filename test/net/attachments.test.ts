// Which URLs of attachments are fetched: a table of addresses that others write, and redirects between real servers.
import { describe, expect, test } from 'vitest';
import { createAttachmentFetch, placeOf, type AttachmentSources } from '../../src/net/attachments.ts';
import { baseOf } from '../../src/net/http.ts';
import { bytesOf } from '../builders/bytes.ts';
import { serveScript, type Answer } from '../builders/http.ts';

const BASE = 'https://fhir.example/r4';
const HOSTS = ['files.example', 'Files.Example:8443', '127.0.0.1', 'localhost', '[::1]'];

function judged(url: string): 'own' | 'listed' | undefined {
  const place = placeOf(url, baseOf(BASE), { baseUrl: BASE, allowedHosts: HOSTS });
  return place && (place.isOwn ? 'own' : 'listed');
}

describe('a URL may be fetched', () => {
  test.each([
    ['Binary/7', 'own'],
    ['https://fhir.example/r4/Binary/7', 'own'],
    ['https://fhir.example/r4/Binary/7/_history/2', 'own'],
    ['https://FHIR.example:443/r4/Binary/7#page=2', 'own'],
    ['https://files.example/a%20b.pdf?signature=x', 'listed'],
    ['https://files.example:8443/a.pdf', 'listed'],
    ['http://files.example/a.pdf', 'listed'], // the connection is refused unless plain http is allowed
  ])('%s as %s', (url, expected) => {
    expect(judged(url)).toBe(expected);
  });
});

describe('a URL is not fetched', () => {
  test.each([
    // Other things of the FHIR server, which the author may not be allowed to read.
    'Patient/1',
    'Binary',
    'Binary?_id=7',
    'Binary/7?_format=json',
    'Binary/7/$binary-access-read',
    'Binary/../Patient/1',
    'Binary/%2e%2e/Patient/1',
    'Binary/7%2f..%2f..%2fPatient%2f1',
    'https://fhir.example/r4/$export',
    'https://fhir.example/admin',
    'https://fhir.example/r4evil/Binary/7',
    'https://fhir.example:8443/r4/Binary/7',
    'http://fhir.example/r4/Binary/7',
    // Other hosts, however they are written.
    'https://evil.example/a.pdf',
    '//evil.example/a.pdf',
    '\\\\evil.example\\a.pdf',
    'https:evil.example/a.pdf',
    'https://files.example.evil.example/a.pdf',
    'https://evil.example/https://files.example/a.pdf',
    'https://files.example@evil.example/a.pdf',
    'https://evil.example\\@files.example/a.pdf',
    'https://files.example:444/a.pdf',
    // Credentials in the URL, even to a host that is listed.
    'https://user:secret@files.example/a.pdf',
    'https://user@fhir.example/r4/Binary/7',
    // Addresses of the inside, in all spellings.
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/latest/meta-data/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://10.0.0.1/',
    'http://[fd00::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://0/',
    'http://metadata.google.internal/',
    // Other protocols.
    'file:///etc/passwd',
    'ftp://files.example/a.pdf',
    'gopher://files.example/',
    'data:text/plain,hello',
    'javascript:alert(1)',
    'blob:https://files.example/1',
    'urn:uuid:7',
    // No URL at all.
    '',
    '#fragment',
    'https://',
    'http://[::1',
    'https://files.example:99999/',
  ])('%j', (url) => {
    expect(judged(url)).toBeUndefined();
  });
});

function fetching(over: Partial<AttachmentSources>) {
  return createAttachmentFetch({
    ...{ baseUrl: BASE, bearerToken: 'secret-of-the-fhir-server', allowedHosts: [] },
    ...{ allowPrivateAddresses: true, timeoutMs: 5_000, maxBytes: 1_000 },
    ...over,
  });
}

const hostOf = (url: string): string => new URL(url).host;
const to = (location: string, status = 302): Answer => ({ status, headers: { location } });
const text = (body: string): Answer => ({ headers: { 'content-type': 'text/plain' }, body });

describe('fetching', () => {
  test('shows its credentials to the FHIR server alone, also when that hands the file over to another host', async () => {
    const storage = await serveScript(() => text('the file'));
    const fhir = await serveScript(() => to(`${storage.url}/signed?x=1`));
    const baseUrl = `${fhir.url}/r4`;
    const fetched = await fetching({ baseUrl, allowedHosts: [hostOf(storage.url)] })('Binary/7');
    if (fetched.kind !== 'answer') throw new Error('Expected an answer');
    expect([fetched.isOwn, (await bytesOf(fetched.answer.content)).toString()]).toEqual([false, 'the file']);
    expect(fhir.seen[0]?.headers.authorization).toBe('Bearer secret-of-the-fhir-server');
    expect(storage.seen[0]?.headers.authorization).toBeUndefined();
  });

  test('does not follow a redirect to a host that is not listed, nor to other things of the FHIR server', async () => {
    const inside = await serveScript(() => text('a secret'));
    for (const location of [inside.url, '/r4/Patient/1', 'file:///etc/passwd', '//169.254.169.254/']) {
      const fhir = await serveScript(() => to(location));
      const fetched = await fetching({ baseUrl: `${fhir.url}/r4` })('Binary/7');
      expect(fetched, location).toEqual({ kind: 'not-allowed' });
      expect(fhir.seen).toHaveLength(1);
    }
    expect(inside.seen).toEqual([]);
  });

  test('ends a circle of redirects', async () => {
    const server = await serveScript(() => to('/again', 307));
    const fetched = await fetching({ allowedHosts: [hostOf(server.url)] })(`${server.url}/a`);
    expect(fetched).toEqual({ kind: 'not-allowed' });
    expect(server.seen).toHaveLength(4);
  });

  test('connects to no private address of a listed host, neither by its address nor by a name that resolves to one', async () => {
    const server = await serveScript(() => text('a secret'));
    const { port } = new URL(server.url);
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const open = fetching({ allowedHosts: [`${host}:${port}`], allowPrivateAddresses: false });
      for (const protocol of ['http', 'https']) {
        expect(await open(`${protocol}://${host}:${port}/a`)).toEqual({ kind: 'not-allowed' });
      }
    }
    expect(server.seen).toEqual([]);
  });

  test('says whether it was the FHIR server that gave no answer', async () => {
    const gone = 'http://127.0.0.1:9';
    const own = await fetching({ baseUrl: `${gone}/r4` })('Binary/7');
    const listed = await fetching({ allowedHosts: ['127.0.0.1:9'] })(`${gone}/a`);
    expect(own).toMatchObject({ kind: 'failed', isOwn: true, failure: { reason: 'connection' } });
    expect(listed).toMatchObject({ kind: 'failed', isOwn: false, failure: { reason: 'connection' } });
  });

  test('reads no more than the largest file, whatever the server says of its length', async () => {
    const server = await serveScript(() => text('x'.repeat(5_000)));
    const fetched = await fetching({ allowedHosts: [hostOf(server.url)] })(server.url);
    if (fetched.kind !== 'answer') throw new Error('Expected an answer');
    await expect(bytesOf(fetched.answer.content)).rejects.toMatchObject({ reason: 'too-large' });
  });

  test('takes nothing that is compressed', async () => {
    const server = await serveScript(() => ({ headers: { 'content-encoding': 'gzip' }, body: 'x' }));
    const fetched = await fetching({ allowedHosts: [hostOf(server.url)] })(server.url);
    expect(fetched).toMatchObject({ kind: 'failed', failure: { reason: 'too-large' } });
  });
});
