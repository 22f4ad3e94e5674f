// One request to the FHIR server, against real servers on this machine: what each failure means, and the circuit.
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FhirClientOptions, FhirRequest } from '../../src/fhir/client.ts';
import { createFhirClient, FhirRefusal, OWN_CODES } from '../../src/fhir/client.ts';
import { DIRECTORY_CODES } from '../../src/identity/directories/mcsd/fhir-directory.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import type { Answer } from '../builders/http.ts';
import { serveScript } from '../builders/http.ts';

const REQUEST: FhirRequest = { operation: 'read Patient', method: 'GET', path: 'Patient/bsn-999911120' };
const FHIR_JSON = { 'content-type': 'application/fhir+json' };
const outcome = (status: number, headers: Record<string, string> = FHIR_JSON): Answer => ({
  status,
  headers,
  body: {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'processing', diagnostics: 'Jan Jansen, BSN 999911120' }],
  },
});
const html = (status: number): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<h1>Proxy</h1>',
});

afterEach(() => {
  vi.useRealTimers();
});

function clientOf(url: string, over: Partial<FhirClientOptions> = {}) {
  const results: string[] = [];
  const client = createFhirClient({
    baseUrl: `${url}/fhir`,
    bearerToken: undefined,
    requestTimeoutMs: 10_000,
    observe: (operation) => (result) => results.push(`${operation}: ${result}`),
    ...over,
  });
  const fail = async (request = REQUEST): Promise<BridgeError> => {
    const error: unknown = await client.request(request).catch((thrown: unknown) => thrown);
    if (!(error instanceof BridgeError)) throw new Error('Expected a BridgeError', { cause: error });
    return error;
  };
  return { client, results, fail };
}

test('a request goes below the base URL as JSON, and the body of the answer comes back', async () => {
  const { url, seen } = await serveScript(() => ({
    status: 201,
    headers: FHIR_JSON,
    body: { resourceType: 'Communication', id: '1' },
  }));
  const { client, results } = clientOf(url, { bearerToken: 'fhir-token-0123456789' });
  const answer = await client.request({
    operation: 'create Communication',
    method: 'PUT',
    path: 'Communication/1',
    headers: { 'if-match': 'W/"2"' },
    body: { resourceType: 'Communication', id: '1' },
  });
  expect(answer).toEqual({ resourceType: 'Communication', id: '1' });
  expect(seen[0]).toMatchObject({ method: 'PUT', body: '{"resourceType":"Communication","id":"1"}' });
  expect(seen[0]?.url.pathname).toBe('/fhir/Communication/1');
  expect(seen[0]?.headers).toMatchObject({
    authorization: 'Bearer fhir-token-0123456789',
    'content-type': 'application/fhir+json',
    'if-match': 'W/"2"',
  });
  expect(results).toEqual(['create Communication: ok']);
});

test('a search by POST goes as a form; a header of the request goes before the client’s own', async () => {
  const { url, seen } = await serveScript(() => ({ headers: FHIR_JSON }));
  const { client, results } = clientOf(url, { cacheControl: 'no-cache', label: 'care' });
  const search = { operation: 'search Patient', method: 'POST', path: 'Patient/_search' } as const;
  await client.request({
    ...search,
    form: [
      ['identifier', 'a|1&2'],
      ['_count', '1'],
    ],
  });
  await client.request({ ...REQUEST, headers: { 'cache-control': 'no-store' } });
  expect(seen.map(({ headers }) => headers['cache-control'])).toEqual(['no-cache', 'no-store']);
  expect(seen[0]).toMatchObject({
    body: 'identifier=a%7C1%262&_count=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/fhir+json' },
  });
  expect(results).toEqual(['care search Patient: ok', 'care read Patient: ok']);
});

test.each([
  'http://127.0.0.1:1/fhir/x',
  'http://u@HOST/fhir/x',
  'http://HOST/other',
  '../x',
  '//127.0.0.1:1/x',
])('a link to %s is not followed, for the credentials would go with it', async (link) => {
  const { url, seen } = await serveScript(() => ({ headers: FHIR_JSON }));
  const path = link.replace('HOST', new URL(url).host);
  expect(await clientOf(url).fail({ ...REQUEST, path })).toMatchObject({ code: 'fhir-answer' });
  await clientOf(url).client.request({ ...REQUEST, path: `${url}/fhir/Patient?page=2` });
  expect(seen.map((request) => request.url.search)).toEqual(['?page=2']);
});

test('codes of one’s own: a redirect, a proxy’s refusal, and a stop, which is thrown as it is', async () => {
  const answers = [{ status: 307 }, html(405), html(401), outcome(404), outcome(429)];
  const { url } = await serveScript((_, index) => answers[index]);
  const { fail, client } = clientOf(url, { codes: DIRECTORY_CODES });
  const codes: string[] = [];
  while (codes.length < answers.length) codes.push((await fail()).code);
  expect(codes).toEqual([
    'directory-answer',
    'directory-refused',
    'directory-token',
    'directory-refused',
    'directory-unavailable',
  ]);
  const stop = new AbortController();
  const stopped = client.request({ ...REQUEST, signal: stop.signal });
  stop.abort(new RangeError('the caller has gone'));
  await expect(stopped).rejects.toThrow('the caller has gone');
});

test('where 500 has a code of its own, that is the server’s own 500: not a proxy’s, and not 503', async () => {
  const answers = [outcome(500), html(500), outcome(503)];
  const { url } = await serveScript((_, index) => answers[index]);
  const { fail } = clientOf(url, { codes: { ...OWN_CODES, failed: 'fhir-failed' } });
  const codes: string[] = [];
  while (codes.length < answers.length) codes.push((await fail()).code);
  expect(codes).toEqual(['fhir-failed', 'fhir-unavailable', 'fhir-unavailable']);
});

describe('a failure means', () => {
  test.each<[string, Answer, string]>([
    ['400', outcome(400), 'fhir-refused'],
    ['401', outcome(401), 'fhir-forbidden'],
    ['403', outcome(403), 'fhir-forbidden'],
    ['404', outcome(404), 'fhir-refused'],
    ['409: a conflict on HAPI', outcome(409), 'fhir-conflict'],
    ['410', outcome(410), 'fhir-refused'],
    ['412: a conflict by the specification', outcome(412), 'fhir-conflict'],
    ['413', outcome(413), 'fhir-too-large'],
    ['422', outcome(422), 'fhir-refused'],
    ['429', outcome(429), 'fhir-rate-limited'],
    ['500', outcome(500), 'fhir-unavailable'],
    ['503', outcome(503), 'fhir-unavailable'],
  ])('%s', async (status, answer, code) => {
    const { url, seen } = await serveScript(() => answer);
    const { fail, results } = clientOf(url);
    const error = await fail();
    expect(error).toBeInstanceOf(FhirRefusal);
    expect(error).toMatchObject({ code, status: Number.parseInt(status, 10) });
    expect(seen).toHaveLength(1); // no retry of its own
    expect(results).toEqual([`read Patient: ${code}`]);
    // The issue's code is told; what it echoes of the resource, and the URL, are not.
    expect(error.message).toContain('processing');
    expect(error.message).not.toMatch(/Jansen|999911120/);
  });

  test('429 with Retry-After: the time to wait', async () => {
    const { url } = await serveScript(() => outcome(429, { ...FHIR_JSON, 'retry-after': '7' }));
    expect(await clientOf(url).fail()).toMatchObject({ code: 'fhir-rate-limited', retryAfterMs: 7000 });
    const past = { ...FHIR_JSON, 'retry-after': 'Sun, 01 Mar 2026 12:00:00 GMT' };
    const busy = await serveScript(() => outcome(503, past));
    expect(await clientOf(busy.url).fail()).toMatchObject({ code: 'fhir-unavailable', retryAfterMs: 0 });
  });

  test.each<[string, Answer, string]>([
    ['502 in HTML, from a proxy', html(502), 'fhir-unavailable'],
    ['200 in HTML, from a proxy', html(200), 'fhir-answer'],
    ['413 in HTML, from a proxy: too large for it is too large', html(413), 'fhir-too-large'],
    ['401 in HTML, from a proxy', html(401), 'fhir-forbidden'],
    ['429 in HTML, from a proxy', html(429), 'fhir-rate-limited'],
    ['404 in HTML, from a proxy: the resource may well be there', html(404), 'fhir-unavailable'],
    ['200 with half a resource', { headers: FHIR_JSON, body: '{"resourceType": "Pat' }, 'fhir-answer'],
  ])('%s', async (_, answer, code) => {
    const { url } = await serveScript(() => answer);
    const error = await clientOf(url).fail();
    expect(error.code).toBe(code);
    expect(error).not.toBeInstanceOf(FhirRefusal); // the FHIR server itself said nothing
  });

  test('a redirect: unavailable, and the token is not sent elsewhere', async () => {
    const other = await serveScript(() => ({}));
    const { url } = await serveScript(() => ({ status: 302, headers: { location: `${other.url}/x` } }));
    expect((await clientOf(url, { bearerToken: 'fhir-token-0123456789' }).fail()).code).toBe(
      'fhir-unavailable',
    );
    expect(other.seen).toEqual([]);
  });

  test('no server: unavailable', async () => {
    expect((await clientOf('http://127.0.0.1:1').fail()).code).toBe('fhir-unavailable');
  });

  test('no answer in time: unavailable', async () => {
    const { url } = await serveScript(() => undefined);
    expect((await clientOf(url, { requestTimeoutMs: 50 }).fail()).code).toBe('fhir-unavailable');
  });

  test('the caller gave up: unavailable, at once', async () => {
    const stop = new AbortController();
    const { url } = await serveScript(() => {
      stop.abort();
      return undefined;
    });
    expect((await clientOf(url).fail({ ...REQUEST, signal: stop.signal })).code).toBe('fhir-unavailable');
  });
});

describe('the circuit', () => {
  test('opens after five failures in a row, and allows one attempt after ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let broken = true;
    const { url, seen } = await serveScript(() => (broken ? outcome(503) : { headers: FHIR_JSON }));
    const { client, fail } = clientOf(url);
    for (let index = 0; index < 5; index += 1) await fail();
    expect(seen).toHaveLength(5);
    expect(await fail()).toMatchObject({
      code: 'fhir-unavailable',
      message: expect.stringContaining('not tried') as string,
    });
    expect(seen).toHaveLength(5);

    vi.setSystemTime(Date.now() + 10_001);
    await fail();
    await fail();
    expect(seen).toHaveLength(6);

    broken = false;
    vi.setSystemTime(Date.now() + 10_001);
    await client.request(REQUEST);
    await client.request(REQUEST);
    expect(seen).toHaveLength(8);
  });

  test('does not open after refusals, or after failures with a success in between', async () => {
    const statuses = [
      ...Array<number>(10).fill(404),
      ...Array<number>(10).fill(409),
      503,
      503,
      503,
      503,
      200,
      503,
      503,
      503,
      503,
      200,
    ];
    const { url, seen } = await serveScript((_, index) => ({ ...outcome(statuses[index] ?? 200) }));
    const { client } = clientOf(url);
    for (let index = 0; index <= statuses.length; index += 1)
      await client.request(REQUEST).catch(() => undefined);
    expect(seen).toHaveLength(statuses.length + 1);
  });
});

describe('401 and 403', () => {
  const patient = (id: string): FhirRequest => ({ ...REQUEST, path: `Patient/${id}` });
  const setUp = async () => {
    const { url, seen } = await serveScript(({ url: asked }) =>
      asked.pathname.includes('open')
        ? { status: 200, headers: FHIR_JSON, body: { resourceType: 'Patient' } }
        : outcome(403),
    );
    const { client, fail } = clientOf(url);
    const codes = async (...ids: readonly string[]) => {
      const found: string[] = [];
      for (const id of ids) found.push((await fail(patient(id))).code);
      return found;
    };
    return { codes, seen, client };
  };

  test('of one resource, however often, are of that resource alone, and open no circuit', async () => {
    const { codes, seen } = await setUp();
    expect(new Set(await codes(...Array<string>(20).fill('1')))).toEqual(new Set(['fhir-forbidden']));
    expect(seen).toHaveLength(20);
  });

  test('of some are of these alone while others are let through', async () => {
    const { client, codes } = await setUp();
    const found: string[] = [];
    for (const id of ['1', '2', '3', '4', '5', '6']) {
      found.push(...(await codes(id)));
      await client.request(patient('open'));
    }
    expect(new Set(found)).toEqual(new Set(['fhir-forbidden']));
  });

  test('of different ones in a row are of all: the credentials are at fault, and the server is left alone', async () => {
    const { codes, seen } = await setUp();
    const found = await codes('1', '2', '3', '4', '5', '6', '7', '8', '9', '10');
    expect(found.slice(2, 5)).toEqual(['fhir-forbidden', 'fhir-token', 'fhir-token']);
    expect(found.at(-1)).toBe('fhir-unavailable');
    expect(seen).toHaveLength(8);
  });
});
