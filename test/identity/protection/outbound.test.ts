// Requests to homeservers that others name go to public addresses only, to none that was not listed, and nowhere twice.
import type { SrvRecord } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { createFederation } from '../../../src/identity/service-api/federation.ts';
import { createOutbound } from '../../../src/identity/protection/outbound.ts';
import type { Destination } from '../../../src/identity/protection/outbound.ts';
import { recordingLog } from '../../builders/log.ts';
import { serveScript } from '../../builders/http.ts';

const REQUEST = { operation: 'test', method: 'GET', path: '/secret-path' } as const;
const signal = AbortSignal.timeout(30_000);
const send = createOutbound();

describe('a request to a server that was not configured', () => {
  test.each([
    'http://8.8.8.8/',
    'https://127.0.0.1:1/',
    'https://[::1]:1/',
    'https://169.254.169.254/',
    'https://2130706433/',
    'https://0x7f.1/',
  ])('is not sent to %s', async (origin) => {
    await expect(send({ origin, configured: false }, REQUEST, signal)).rejects.toThrow(
      'matrix-unavailable: test: EPRIVATEADDRESS',
    );
  });

  test('is not sent to a name of this machine', async () => {
    const { url, seen } = await serveScript(() => ({}));
    const origin = url.replace('http:', 'https:').replace('127.0.0.1', 'localhost');
    await expect(send({ origin, configured: false }, REQUEST, signal)).rejects.toThrow(
      'matrix-unavailable: test: EPRIVATEADDRESS',
    );
    expect(seen).toEqual([]);
  });
});

describe('a request to a configured server', () => {
  test('reaches this machine, follows no redirect, and reads no more than 64 KiB', async () => {
    const { url, seen } = await serveScript((_request, index) =>
      index === 0
        ? { status: 302, headers: { location: `${url}/elsewhere` } }
        : { body: { text: 'x'.repeat(100_000) } },
    );
    const destination: Destination = { origin: url, configured: true };
    expect(await send(destination, REQUEST, signal)).toMatchObject({ status: 302 });
    expect(await send(destination, REQUEST, signal)).toEqual({ status: 200, body: undefined });
    expect(seen.map(({ url: { pathname } }) => pathname)).toEqual(['/secret-path', '/secret-path']);
  });

  test('that is not there says so without the path', async () => {
    const error: unknown = await send(
      { origin: 'http://127.0.0.1:1', configured: true },
      REQUEST,
      signal,
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'matrix-unavailable',
      message: 'matrix-unavailable: test: ECONNREFUSED',
    });
  });
});

describe('finding a homeserver', () => {
  /** A federation whose requests are recorded; well-known answers come from the map. */
  function federation(
    wellKnown: Readonly<Record<string, string>>,
    srv: Readonly<Record<string, readonly SrvRecord[]>> = {},
  ) {
    const asked: Destination[] = [];
    const log = recordingLog();
    const { ask } = createFederation({
      homeservers: new Map([
        ['hs.example', 'http://synapse:8008'],
        ...[
          ...['plain.example', 'port.example:8450', '192.0.2.7', 'delegated.example', 'srv.example'],
          ...['several.example', 'former.example'],
        ].map((name) => [name, undefined] as const),
      ]),
      outbound: (destination, request) => {
        if (request.operation !== 'well-known') {
          asked.push(destination);
          return Promise.resolve({ status: 200, body: {} });
        }
        const server = wellKnown[new URL(destination.origin).hostname];
        return Promise.resolve(
          server === undefined ? { status: 404, body: {} } : { status: 200, body: { 'm.server': server } },
        );
      },
      resolveSrv: (name) => {
        const records = srv[name];
        return records === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(records);
      },
      clock: { now: () => new Date(0), monotonicMs: () => 0 },
      log,
    });
    return { ask: (server: string) => ask(server, REQUEST, signal), asked };
  }

  test.each<[string, Destination]>([
    ['hs.example', { origin: 'http://synapse:8008', configured: true }],
    ['plain.example', { origin: 'https://plain.example:8448', name: 'plain.example', configured: false }],
    [
      'port.example:8450',
      { origin: 'https://port.example:8450', name: 'port.example:8450', configured: false },
    ],
    ['192.0.2.7', { origin: 'https://192.0.2.7:8448', name: '192.0.2.7', configured: false }],
    [
      'delegated.example',
      {
        origin: 'https://matrix.delegated.example:443',
        name: 'matrix.delegated.example:443',
        configured: false,
      },
    ],
    ['srv.example', { origin: 'https://host7.example:8449', name: 'srv.example', configured: false }],
    ['several.example', { origin: 'https://heavy.example:8448', name: 'several.example', configured: false }],
    ['former.example', { origin: 'https://old.example:8448', name: 'former.example', configured: false }],
  ])('%s', async (server, expected) => {
    const { ask, asked } = federation(
      { 'delegated.example': 'matrix.delegated.example:443' },
      {
        '_matrix-fed._tcp.srv.example': [{ name: 'host7.example', port: 8449, priority: 0, weight: 0 }],
        '_matrix-fed._tcp.several.example': [
          { name: 'spare.example', port: 8448, priority: 20, weight: 9 },
          { name: 'light.example', port: 8448, priority: 10, weight: 1 },
          { name: 'heavy.example', port: 8448, priority: 10, weight: 5 },
        ],
        '_matrix._tcp.former.example': [{ name: 'old.example', port: 8448, priority: 0, weight: 0 }],
      },
    );
    await ask(server);
    expect(asked).toEqual([expected]);
  });

  test.each(['a/b', 'https://evil.example', '', 'x y', 'host:port'])(
    'a delegation to %j is none',
    async (delegation) => {
      const { ask, asked } = federation({ 'plain.example': delegation });
      await ask('plain.example');
      expect(asked).toMatchObject([{ origin: 'https://plain.example:8448' }]);
    },
  );

  test('none that was not named', async () => {
    const { ask, asked } = federation({});
    await expect(ask('evil.example')).rejects.toThrow('none that the operator named');
    expect(asked).toEqual([]);
  });
});
