// What every outgoing request has in common: where it may go, how long it may take, how much may come back.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Client } from 'fhir-kit-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FailureReason } from '../../src/net/failure.ts';
import { describeFailure, HttpFailure } from '../../src/net/failure.ts';
import type { HttpOptions, HttpRequest } from '../../src/net/http.ts';
import { createHttp, shortBody } from '../../src/net/http.ts';
import { createTransport } from '../../src/net/transport.ts';
import { createAuthority } from '../builders/certificates.ts';
import { bytesOf } from '../builders/bytes.ts';
import { gate, serveScript } from '../builders/http.ts';

const LIMITS: HttpOptions = { allowPrivateAddresses: true, largestAnswerBytes: 1000, timeoutMs: 5000 };
const ask = (url: string, over: Partial<HttpRequest> = {}, options: Partial<HttpOptions> = {}) =>
  createHttp({ ...LIMITS, ...options }).send({ method: 'GET', url: new URL(url), ...over });

async function failureOf(work: Promise<unknown>): Promise<HttpFailure> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HttpFailure)) throw new Error('Expected an HttpFailure', { cause: error });
  return error;
}

/** A server that writes what it is told, piece by piece, and never ends by itself. */
async function serveRaw(head: Record<string, string>, ...pieces: readonly Uint8Array[]): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, head);
    for (const piece of pieces) response.write(piece);
    if (pieces.length > 0) return;
    response.flushHeaders();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret?of=person`;
}

const zeros = (length: number) => new Uint8Array(length).fill(48);

describe('a request fails', () => {
  /** Both ways in which requests are made: the module's own, and the FHIR library on the same connections. */
  const ways: Readonly<Record<string, (url: string, options: Partial<HttpOptions>) => Promise<unknown>>> = {
    http: (url, options) => ask(url, {}, options),
    'the FHIR library': async (url, options) => {
      const { timeoutMs, ...transport } = { ...LIMITS, ...options };
      const dispatcher = createTransport({ ...transport, connectTimeoutMs: timeoutMs });
      const client = new Client({ baseUrl: url, requestOptions: { dispatcher, redirect: 'manual' } });
      try {
        return await client.request(url, { options: { signal: AbortSignal.timeout(timeoutMs) } });
      } catch (error) {
        throw describeFailure(error, undefined);
      }
    },
  };
  const authority = createAuthority('Authority of a stranger');
  const servers: Readonly<Record<string, () => Promise<string>>> = {
    'nothing listens': () => Promise.resolve('http://127.0.0.1:2/secret?of=person'),
    'a name of this machine': () => Promise.resolve('https://localhost:2/secret?of=person'),
    'an address of this machine': () => Promise.resolve('https://[::1]:2/secret?of=person'),
    'a public address without TLS': () => Promise.resolve('http://8.8.8.8/secret?of=person'),
    'no answer': async () => (await serveScript(() => undefined)).url,
    'headers and no end': () => serveRaw({ 'content-type': 'application/json' }),
    'a body that drips': () => serveRaw({}, zeros(1)),
    'a large answer': async () => (await serveScript(() => ({ body: 'x'.repeat(1001) }))).url,
    'an answer without end': () => serveRaw({}, ...Array.from({ length: 20 }, () => zeros(100))),
    'a compressed answer': () => serveRaw({ 'content-encoding': 'gzip' }, gzipSync(zeros(1_000_000))),
    'a certificate of a stranger': async () =>
      (await serveScript(() => ({}), authority.issue('stranger', '127.0.0.1'))).url,
  };

  test.each<[keyof typeof servers, FailureReason, Partial<HttpOptions>, RegExp]>([
    ['nothing listens', 'connection', {}, /^ECONNREFUSED$/],
    ['a name of this machine', 'private-address', { allowPrivateAddresses: false }, /^EPRIVATEADDRESS$/],
    ['an address of this machine', 'private-address', { allowPrivateAddresses: false }, /^EPRIVATEADDRESS$/],
    [
      'a public address without TLS',
      'private-address',
      { allowPrivateAddresses: false },
      /^EPRIVATEADDRESS$/,
    ],
    ['no answer', 'timeout', { timeoutMs: 60 }, /^no answer in time$/],
    ['headers and no end', 'timeout', { timeoutMs: 60 }, /^no answer in time$/],
    ['a body that drips', 'timeout', { timeoutMs: 60 }, /^no answer in time$/],
    ['a large answer', 'too-large', {}, /^answer too large/],
    ['an answer without end', 'too-large', {}, /^answer too large/],
    ['a compressed answer', 'too-large', {}, /^answer compressed$/],
    ['a certificate of a stranger', 'certificate', {}, /^[A-Z_]+$/],
  ])('%s: %s', async (name, reason, options, message) => {
    for (const send of Object.values(ways)) {
      const failure = await failureOf(send((await servers[name]?.()) ?? '', options));
      expect(failure).toMatchObject({ reason, message: expect.stringMatching(message) as string });
      expect(failure.cause).toBeUndefined();
      expect(`${failure.message} ${String(failure.stack)}`).not.toMatch(/secret|person/);
    }
  });

  test('when its caller gives up, at once, waiting or under way', async () => {
    const stop = new AbortController();
    const { url } = await serveScript(() => {
      stop.abort();
      return undefined;
    });
    expect(await failureOf(ask(url, { signal: stop.signal }))).toMatchObject({ reason: 'stopped' });
    expect(await failureOf(ask(url, { signal: stop.signal }))).toMatchObject({ reason: 'stopped' });
  });
});

describe('a request', () => {
  test.each([302, 307, 308])('is not sent on by a %d', async (status) => {
    const other = await serveScript(() => ({}));
    const { url } = await serveScript(() => ({ status, headers: { location: other.url } }));
    expect(await ask(url)).toMatchObject({ status });
    expect(other.seen).toEqual([]);
  });

  test('carries JSON, a form or a file, and asks for JSON, uncompressed', async () => {
    const { url, seen } = await serveScript(() => ({
      status: 404,
      headers: { etag: 'W/"1"' },
      body: 'no JSON',
    }));
    const answer = await ask(url, { method: 'PUT', json: { a: 1 } });
    expect([answer.status, answer.body, answer.header('etag')]).toEqual([404, undefined, 'W/"1"']);
    await ask(url, {
      method: 'POST',
      form: [
        ['a', '1 & 2'],
        ['a', '3'],
      ],
    });
    const file = { contentType: 'image/gif', bytes: Uint8Array.from(Buffer.from('GIF89a')) };
    await ask(url, { method: 'POST', file, headers: { accept: 'image/gif' } });
    expect(seen.map(({ body, headers }) => [body, headers['content-type'], headers.accept])).toEqual([
      ['{"a":1}', 'application/json', 'application/json'],
      ['a=1+%26+2&a=3', 'application/x-www-form-urlencoded', 'application/json'],
      ['GIF89a', 'image/gif', 'image/gif'],
    ]);
    expect(new Set(seen.map(({ headers }) => headers['accept-encoding']))).toEqual(new Set(['identity']));
  });

  test('waits while as many as allowed are under way; its time begins when it does', async () => {
    const { passed, open } = gate();
    const { url, seen } = await serveScript(async (_, index) => {
      if (index === 0) await passed;
      return {};
    });
    const http = createHttp({ ...LIMITS, maxConcurrent: 1, timeoutMs: 1000 });
    const first = http.send({ method: 'GET', url: new URL(url), timeoutMs: 5000 });
    const second = http.send({ method: 'GET', url: new URL(url) });
    setTimeout(open, 1100);
    expect([(await first).status, (await second).status, seen.length]).toEqual([200, 200, 2]);
  });

  test('has the time that it names, in place of the usual', async () => {
    const { url } = await serveScript(() => undefined);
    expect(await failureOf(ask(url, { timeoutMs: 30 }))).toMatchObject({ reason: 'timeout' });
  });

  test('to another name at the same address speaks TLS to that name', async () => {
    const authority = createAuthority('Authority of the federation');
    const { url, seen } = await serveScript(() => ({}), authority.issue('localhost'));
    const at = url.replace('127.0.0.1', 'localhost');
    const tls = { ca: authority.cert };
    await ask(at, { headers: { host: new URL(at).host } }, { tls });
    expect(seen).toHaveLength(1);
    const wrong = failureOf(ask(at, { headers: { host: 'other.example' } }, { tls }));
    expect(await wrong).toMatchObject({ reason: 'certificate', message: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(seen).toHaveLength(1);
  });
});

describe('a body that flows', () => {
  const open = async (body: string, largestAnswerBytes = 1_000, timeoutMs = 5_000) => {
    const { url } = await serveScript(() => ({ headers: { 'content-type': 'text/plain' }, body }));
    const http = createHttp({ allowPrivateAddresses: true, largestAnswerBytes, timeoutMs });
    return http.open({ method: 'GET', url: new URL(url) });
  };

  test('is read as it comes, or closed', async () => {
    const answer = await open('The file');
    expect(answer.status).toBe(200);
    expect((await bytesOf(answer.content)).toString()).toBe('The file');
    (await open('The file')).close();
  });

  test('ends with an error at the largest answer', async () => {
    const { content } = await open('x'.repeat(2_000));
    await expect(bytesOf(content)).rejects.toMatchObject({ name: 'HttpFailure', reason: 'too-large' });
  });

  test('ends with an error when its time is over, and when its caller stops', async () => {
    const stopping = new AbortController();
    const server = createServer((_request, response) => {
      response.writeHead(200).write('the beginning');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const url = new URL(`http://127.0.0.1:${port}`);
    const http = createHttp({ allowPrivateAddresses: true, largestAnswerBytes: 1_000, timeoutMs: 200 });
    const late = await http.open({ method: 'GET', url });
    await expect(bytesOf(late.content)).rejects.toMatchObject({ reason: 'timeout' });
    const stopped = await http.open({ method: 'GET', url, signal: stopping.signal, timeoutMs: 60_000 });
    stopping.abort();
    await expect(bytesOf(stopped.content)).rejects.toMatchObject({ reason: 'stopped' });
  });

  test('of a refusal is read where it is short JSON', async () => {
    expect(await shortBody(await open('{"errcode":"M_NOT_FOUND"}'))).toEqual({ errcode: 'M_NOT_FOUND' });
    expect(await shortBody(await open('<h1>no</h1>'))).toBeUndefined();
    expect(await shortBody(await open(JSON.stringify('x'.repeat(20_000)), 30_000))).toBeUndefined();
  });
});
