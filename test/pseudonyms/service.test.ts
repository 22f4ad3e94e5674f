// The pseudonym service over HTTP, against real servers on this machine: what is asked, what each answer means, and limits.
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Pseudonyms, ReceivedToken } from '../../src/pseudonyms/pseudonyms.ts';
import type { ServiceOptions } from '../../src/pseudonyms/service.ts';
import { createPseudonyms, LONGEST_ANSWER_BYTES } from '../../src/pseudonyms/service.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { ref } from '../builders/fhir.ts';
import type { Answer } from '../builders/http.ts';
import { serveScript } from '../builders/http.ts';
import { eventId } from '../builders/matrix.ts';

const BEARER = 'pseudonym-service-bearer-0123';
const SUBJECT = ref('Patient/very-private');
const RECEIVED: ReceivedToken = {
  token: 'token-that-came',
  platform: undefined,
  senderServer: 'their.example',
  invitation: eventId('$invitation'),
};

afterEach(() => {
  vi.useRealTimers();
});

function serviceAt(url: string, over: Partial<ServiceOptions> = {}) {
  const results: string[] = [];
  const service = createPseudonyms({
    tokenUrl: `${url}/tokens`,
    resolverUrl: `${url}/patients`,
    bearerToken: BEARER,
    timeoutMs: 10_000,
    serverName: 'our.example',
    observe: (operation) => (result) => results.push(`${operation}: ${result}`),
    ...over,
  });
  return { ...calls(service), results };
}

function calls(service: Pseudonyms) {
  const { signal } = new AbortController();
  const tokenFor = () => service.tokenFor({ subject: SUBJECT, recipientServer: 'their.example' }, signal);
  const resolve = (over: Partial<ReceivedToken> = {}) => service.resolve({ ...RECEIVED, ...over }, signal);
  return { service, tokenFor, resolve };
}

async function failureOf(work: () => Promise<unknown>): Promise<BridgeError> {
  const error: unknown = await work().catch((thrown: unknown) => thrown);
  if (!(error instanceof BridgeError)) throw new Error('Expected a BridgeError', { cause: error });
  return error;
}

const html = (status: number): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<h1>very-private</h1>',
});

test('a token is asked for with the patient and the homeserver it is meant for', async () => {
  const { url, seen } = await serveScript(() => ({ body: { token: 'eyJ.token' } }));
  const { tokenFor, results } = serviceAt(url);
  expect(await tokenFor()).toBe('eyJ.token');
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    method: 'POST',
    body: '{"subject":"Patient/very-private","audience":"their.example"}',
    headers: { authorization: `Bearer ${BEARER}`, 'content-type': 'application/json' },
  });
  expect(seen[0]?.url.href).toBe('http://scripted/tokens');
  expect(results).toEqual(['get token: ok']);
});

test('a patient is asked for with the token, who sent it to whom, and the invitation it came with', async () => {
  const { url, seen } = await serveScript(() => ({ body: { patient: 'Patient/7' } }));
  const { resolve, results } = serviceAt(url);
  expect(await resolve({ platform: 'ozo' })).toBe('Patient/7');
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
    token: 'token-that-came',
    platform: 'ozo',
    sender: 'their.example',
    audience: 'our.example',
    requestId: '$invitation',
  });
  expect(seen[0]?.url.href).toBe('http://scripted/patients');
  expect(results).toEqual(['resolve token: ok']);
});

test.each<[string, Answer]>([
  ['{}', { body: {} }],
  ['404 in JSON', { status: 404, body: { error: 'unknown' } }],
  ['204', { status: 204, body: '' }],
])('%s means that nobody is known', async (_, answer) => {
  const { url } = await serveScript(() => answer);
  const { tokenFor, resolve } = serviceAt(url);
  expect([await tokenFor(), await resolve()]).toEqual([undefined, undefined]);
});

describe('a failure means', () => {
  test.each<[string, Answer, string]>([
    ['500', { status: 500, body: { error: 'very-private' } }, 'pseudonym-unavailable'],
    ['503 of a proxy', html(503), 'pseudonym-unavailable'],
    ['429', { status: 429, body: {} }, 'pseudonym-unavailable'],
    ['408', { status: 408, body: {} }, 'pseudonym-unavailable'],
    ['401', { status: 401, body: {} }, 'pseudonym-credentials'],
    ['403', { status: 403, body: {} }, 'pseudonym-credentials'],
    ['400', { status: 400, body: { error: 'very-private' } }, 'pseudonym-refused'],
    ['422', { status: 422, body: {} }, 'pseudonym-refused'],
    ['404 that is no JSON: a wrong URL', html(404), 'pseudonym-answer'],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, 'pseudonym-answer'],
    ['200 that is no JSON', html(200), 'pseudonym-answer'],
    ['200 that is no object', { body: '["very-private"]' }, 'pseudonym-answer'],
    ['another type of answer', { body: { token: 5, patient: 5 } }, 'pseudonym-answer'],
    ['empty strings', { body: { token: '', patient: '' } }, 'pseudonym-answer'],
  ])('%s: %s', async (_, answer, code) => {
    const { url } = await serveScript(() => answer);
    const { tokenFor, resolve } = serviceAt(url);
    expect([(await failureOf(tokenFor)).code, (await failureOf(resolve)).code]).toEqual([code, code]);
  });

  test.each(['Practitioner/7', 'Patient/', 'Patient/7/_history/1', 'https://x/Patient/7', 'Patient/a b'])(
    'the answer %s, which is no patient of the FHIR server: pseudonym-answer',
    async (patient) => {
      const { url } = await serveScript(() => ({ body: { patient } }));
      expect(await failureOf(serviceAt(url).resolve)).toMatchObject({ code: 'pseudonym-answer' });
    },
  );

  test('no server: pseudonym-unavailable', async () => {
    const { tokenFor, results } = serviceAt('http://127.0.0.1:1');
    expect(await failureOf(tokenFor)).toMatchObject({ code: 'pseudonym-unavailable' });
    expect(results).toEqual(['get token: pseudonym-unavailable']);
  });

  test('no answer in time: pseudonym-unavailable', async () => {
    const { url } = await serveScript(() => undefined);
    expect(await failureOf(serviceAt(url, { timeoutMs: 50 }).tokenFor)).toMatchObject({
      code: 'pseudonym-unavailable',
    });
  });

  test('an endless answer: it is not read to its end', async () => {
    const { url } = await serveScript(() => ({ body: { token: 'x'.repeat(LONGEST_ANSWER_BYTES) } }));
    expect(await failureOf(serviceAt(url).tokenFor)).toMatchObject({ code: 'pseudonym-answer' });
  });

  test('with Retry-After: how long to wait', async () => {
    const { url } = await serveScript(() => ({ status: 503, headers: { 'retry-after': '7' } }));
    expect(await failureOf(serviceAt(url).tokenFor)).toMatchObject({ retryAfterMs: 7000 });
  });
});

test('no error tells the patient, the token, the bearer or the answer', async () => {
  const answers = [
    html(200),
    html(500),
    { status: 400, body: { error: 'very-private' } },
    { body: '["very' },
  ];
  const { url } = await serveScript((_, index) => answers[index % answers.length]);
  const { tokenFor, resolve } = serviceAt(url);
  for (const work of [...answers.map(() => tokenFor), ...answers.map(() => resolve)]) {
    const { message, stack, cause } = await failureOf(work);
    const told = `${message} ${String(stack)} ${cause instanceof Error ? String(cause.stack) : ''}`;
    for (const secret of ['very-private', 'token-that-came', BEARER, '/tokens'])
      expect(told).not.toContain(secret);
  }
});

test('after five failures in a row an endpoint is left alone for ten seconds, and the other is not', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { url, seen } = await serveScript(({ url: { pathname } }) =>
    pathname === '/tokens' ? { status: 500 } : { body: {} },
  );
  const { tokenFor, resolve } = serviceAt(url);
  for (let index = 0; index < 8; index += 1) {
    expect(await failureOf(tokenFor)).toMatchObject({ code: 'pseudonym-unavailable' });
  }
  expect(seen).toHaveLength(5);
  expect(await resolve()).toBeUndefined();
  vi.setSystemTime(Date.now() + 10_001);
  await failureOf(tokenFor);
  expect(seen).toHaveLength(7);
});

test('without URLs nobody is named and nobody recognised', async () => {
  const { service, tokenFor, resolve } = serviceAt('', { tokenUrl: undefined, resolverUrl: undefined });
  expect([service.canResolve, await tokenFor(), await resolve()]).toEqual([false, undefined, undefined]);
  expect(serviceAt('http://x').service.canResolve).toBe(true);
});
