// One request to the homeserver, against real servers on this machine: who it is made as, and what each failure means.
import { expect, describe, test } from 'vitest';
import { z } from 'zod';
import type { MatrixRequest } from '../../src/matrix/client.ts';
import { createMatrixClient, MatrixRefusal, success } from '../../src/matrix/client.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import type { Answer } from '../builders/http.ts';
import { gate, serveScript } from '../builders/http.ts';
import { BOT } from '../builders/matrix.ts';

const PATH = ['rooms', '!secret-room', 'state'];
const REQUEST: MatrixRequest = { as: BOT };
const html = (status: number): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<h1>Proxy</h1>',
});
const refusal = (status: number, errcode: string, more: object = {}): Answer => ({
  status,
  body: { errcode, error: 'no', ...more },
});

function clientOf(url: string, over: { maxConcurrentRequests?: number; requestTimeoutMs?: number } = {}) {
  const results: string[] = [];
  const client = createMatrixClient({
    homeserverUrl: url,
    asToken: 'as-token-0123456789',
    maxConcurrentRequests: 8,
    requestTimeoutMs: 10_000,
    observe: (operation) => (result) => results.push(`${operation}: ${result}`),
    ...over,
  });
  const fail = async (request = REQUEST, schema: z.ZodType = success): Promise<BridgeError> => {
    const error: unknown = await client
      .get('read state', PATH, schema, request)
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof BridgeError)) throw new Error('Expected a BridgeError', { cause: error });
    return error;
  };
  return { client, results, fail };
}

describe('a request', () => {
  test('acts as the user with the bridge’s device, with the token only in the header', async () => {
    const { url, seen } = await serveScript(() => ({ body: { ok: true } }));
    const { client, results } = clientOf(url);
    expect(await client.get('read state', PATH, success, { ...REQUEST, query: { ts: 7 } })).toEqual({
      ok: true,
    });
    const [{ url: asked, headers } = { url: new URL(url), headers: {} }] = seen;
    expect(asked.pathname).toBe('/_matrix/client/v3/rooms/!secret-room/state');
    expect(Object.fromEntries(asked.searchParams)).toEqual({ ts: '7', user_id: BOT, device_id: 'BRIDGE' });
    expect(headers.authorization).toBe('Bearer as-token-0123456789');
    expect(results).toEqual(['read state: ok']);
  });

  test('without device names none, sends its body as JSON, encodes its path, and uses the given prefix', async () => {
    const { url, seen } = await serveScript(() => ({}));
    const request: MatrixRequest = {
      ...REQUEST,
      prefix: '/_matrix/client/v1',
      withDevice: false,
      body: { a: 1 },
    };
    await clientOf(url).client.post('do', ['x', 'a/b'], success, request);
    expect(seen[0]).toMatchObject({ method: 'POST', body: '{"a":1}' });
    expect(seen[0]?.url.href).toMatch(/\/_matrix\/client\/v1\/x\/a%2Fb\?user_id=/);
    expect(seen[0]?.url.searchParams.has('device_id')).toBe(false);
  });

  test('may send a file instead of JSON', async () => {
    const { url, seen } = await serveScript(() => ({}));
    const bytes = Uint8Array.from(Buffer.from('GIF89a'));
    const file = { contentType: 'image/gif', bytes };
    await clientOf(url).client.post('upload', ['upload'], success, { ...REQUEST, file });
    expect(seen[0]).toMatchObject({
      method: 'POST',
      body: 'GIF89a',
      headers: { 'content-type': 'image/gif' },
    });
    expect(seen[0]?.headers.authorization).toBe('Bearer as-token-0123456789');
  });

  test('waits while the maximum is under way', async () => {
    const answers = Array.from({ length: 5 }, () => gate());
    let most = 0;
    let now = 0;
    const { url, seen } = await serveScript(async (_, index) => {
      most = Math.max(most, (now += 1));
      if (index === 1) for (const { open } of answers) open();
      await answers[index]?.passed;
      now -= 1;
      return {};
    });
    const { client } = clientOf(url, { maxConcurrentRequests: 2 });
    await Promise.all(answers.map(() => client.get('read state', PATH, success, REQUEST)));
    expect([seen.length, most]).toEqual([5, 2]);
  });
});

describe('a failure means', () => {
  test.each<[string, Answer, string, object]>([
    [
      '429 with retry_after_ms',
      refusal(429, 'M_LIMIT_EXCEEDED', { retry_after_ms: 1234 }),
      'matrix-rate-limited',
      { retryAfterMs: 1234 },
    ],
    [
      '429 with Retry-After',
      {
        ...refusal(429, 'M_LIMIT_EXCEEDED'),
        headers: { 'content-type': 'application/json', 'retry-after': '3' },
      },
      'matrix-rate-limited',
      { retryAfterMs: 3000 },
    ],
    ['401 M_UNKNOWN_TOKEN', refusal(401, 'M_UNKNOWN_TOKEN'), 'matrix-token', { errcode: 'M_UNKNOWN_TOKEN' }],
    ['401 M_MISSING_TOKEN', refusal(401, 'M_MISSING_TOKEN'), 'matrix-token', {}],
    [
      '403 M_FORBIDDEN',
      refusal(403, 'M_FORBIDDEN'),
      'matrix-refused',
      { status: 403, errcode: 'M_FORBIDDEN' },
    ],
    [
      '404 M_NOT_FOUND',
      refusal(404, 'M_NOT_FOUND'),
      'matrix-refused',
      { status: 404, retryAfterMs: undefined },
    ],
    ['400 M_ROOM_IN_USE', refusal(400, 'M_ROOM_IN_USE'), 'matrix-refused', { errcode: 'M_ROOM_IN_USE' }],
    ['413 M_TOO_LARGE', refusal(413, 'M_TOO_LARGE'), 'matrix-too-large', { errcode: 'M_TOO_LARGE' }],
    ['500 M_UNKNOWN', refusal(500, 'M_UNKNOWN'), 'matrix-unavailable', { status: 500 }],
  ])('%s', async (_, answer, code, more) => {
    const { url, seen } = await serveScript(() => answer);
    const { fail, results } = clientOf(url);
    const error = await fail();
    expect(error).toBeInstanceOf(MatrixRefusal);
    expect(error).toMatchObject({ code, ...more });
    expect(seen).toHaveLength(1); // no retry of its own
    expect(results).toEqual([`read state: ${code}`]);
    expect(error.message).toContain('read state');
    expect(error.message).not.toMatch(/secret-room|as-token|_fhir_bot/);
  });

  test.each<[string, Answer, string]>([
    ['200 in HTML, from a proxy', html(200), 'matrix-unavailable'],
    ['502 in HTML, from a proxy', html(502), 'matrix-unavailable'],
    ['403 in HTML, from a proxy', html(403), 'matrix-unavailable'],
    ['404 in HTML, from a proxy: the room may well be there', html(404), 'matrix-unavailable'],
    ['404 in JSON that is no Matrix error', { status: 404, body: { detail: 'no' } }, 'matrix-unavailable'],
    ['401 in HTML, from a proxy', html(401), 'matrix-token'],
    ['429 in HTML, from a proxy', html(429), 'matrix-rate-limited'],
    ['200 of another form', { body: { room_id: 7 } }, 'matrix-answer'],
  ])('%s', async (_, answer, code) => {
    const { url } = await serveScript(() => answer);
    const error = await clientOf(url).fail(REQUEST, z.object({ room_id: z.string() }));
    expect(error.code).toBe(code);
    expect(error).not.toBeInstanceOf(MatrixRefusal); // the homeserver itself said nothing
  });

  test('a redirect: unavailable, and the token is not sent elsewhere', async () => {
    const other = await serveScript(() => ({}));
    const { url } = await serveScript(() => ({ status: 307, headers: { location: `${other.url}/x` } }));
    expect((await clientOf(url).fail()).code).toBe('matrix-unavailable');
    expect(other.seen).toEqual([]);
  });

  test('no server: unavailable', async () => {
    expect((await clientOf('http://127.0.0.1:1').fail()).code).toBe('matrix-unavailable');
  });

  test('no answer in time: unavailable', async () => {
    const { url } = await serveScript(() => undefined);
    expect((await clientOf(url, { requestTimeoutMs: 50 }).fail()).code).toBe('matrix-unavailable');
  });

  test('the caller gave up: unavailable, at once', async () => {
    const stop = new AbortController();
    const { url } = await serveScript(() => {
      stop.abort();
      return undefined;
    });
    expect((await clientOf(url).fail({ ...REQUEST, signal: stop.signal })).code).toBe('matrix-unavailable');
  });
});
