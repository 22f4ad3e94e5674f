// The appservice API over HTTP: what the homeserver is answered, and that nothing is answered before it is stored.
import { describe, expect, test } from 'vitest';
import { createAppserviceRouter } from '../../src/matrix/appservice.ts';
import { NO_ORDER } from '../../src/matrix/push-order.ts';
import type { TransactionParts } from '../../src/matrix/transactions.ts';
import { createBearerCheck } from '../../src/ops/bearer.ts';
import { gate, serveRouters } from '../builders/http.ts';
import { recordingLog } from '../builders/log.ts';
import { message } from '../builders/matrix.ts';

const TOKEN = 'hs-token-0123456789';
const PREVIOUS = 'previous-hs-token-0123456789';

async function start(store: (parts: TransactionParts) => Promise<void> = () => Promise.resolve()) {
  const stored: TransactionParts[] = [];
  const counted: string[] = [];
  const log = recordingLog();
  const url = await serveRouters(
    createAppserviceRouter({
      checkBearer: createBearerCheck([TOKEN, PREVIOUS, undefined]),
      store: async (parts) => {
        await store(parts);
        stored.push(parts);
      },
      readOrder: () => NO_ORDER,
      isRegistered: (userId) => Promise.resolve(userId.startsWith('@_fhir_')),
      provideAlias: (alias) =>
        alias.startsWith('#broken')
          ? Promise.reject(new Error('no database'))
          : Promise.resolve(alias === '#careteam-244:example.org'),
      log,
      count: (result) => counted.push(result),
    }),
  );
  const call = async (
    path: string,
    {
      method = 'GET',
      body,
      token = `Bearer ${TOKEN}`,
    }: { method?: string; body?: string; token?: string } = {},
  ) => {
    const response = await fetch(`${url}/_matrix/app/v1${path}`, {
      method,
      body: body ?? null,
      headers: { ...(token !== '' && { authorization: token }), 'content-type': 'application/json' },
    });
    return { status: response.status, body: await response.json() };
  };
  const push = (transaction: unknown, token?: string) =>
    call('/transactions/1', {
      method: 'PUT',
      body: typeof transaction === 'string' ? transaction : JSON.stringify(transaction),
      ...(token !== undefined && { token }),
    });
  return { stored, counted, log, call, push };
}

describe('the token', () => {
  test.each([
    ['none', '', 401, 'M_UNAUTHORIZED'],
    ['another scheme', `Basic ${TOKEN}`, 401, 'M_UNAUTHORIZED'],
    ['an empty one', 'Bearer ', 401, 'M_UNAUTHORIZED'],
    ['a wrong one', 'Bearer wrong-token', 403, 'M_FORBIDDEN'],
    ['the beginning of the right one', `Bearer ${TOKEN.slice(0, -1)}`, 403, 'M_FORBIDDEN'],
    ['two at once', `Bearer ${TOKEN} ${TOKEN}`, 401, 'M_UNAUTHORIZED'],
  ])('%s: refused, nothing stored, and the log shows no token', async (_, token, status, errcode) => {
    const { push, stored, counted, log } = await start();
    expect(await push({ events: [message()] }, token)).toMatchObject({ status, body: { errcode } });
    expect([stored, counted]).toEqual([[], ['refused']]);
    expect(JSON.stringify(log.lines)).not.toContain('oken-0123');
  });

  test.each([
    ['the right one', `Bearer ${TOKEN}`],
    ['the previous one, during a rotation', `Bearer ${PREVIOUS}`],
    ['the scheme in lower case', `bearer ${TOKEN}`],
  ])('%s: accepted', async (_, token) => {
    const { push, stored, counted } = await start();
    expect(await push({ events: [message()] }, token)).toEqual({ status: 200, body: {} });
    expect([stored.length, counted]).toEqual([1, ['stored']]);
  });

  test('only in the query does not count', async () => {
    const { call } = await start();
    expect(await call(`/users/x?access_token=${TOKEN}`, { token: '' })).toMatchObject({ status: 401 });
  });
});

describe('a transaction', () => {
  test('is answered with an empty object after it is stored', async () => {
    const [asked, written] = [gate(), gate()];
    const { push } = await start(() => {
      asked.open();
      return written.passed;
    });
    let answered = false;
    const answer = push({ events: [message()] }).finally(() => {
      answered = true;
    });
    await asked.passed;
    await new Promise(setImmediate); // an answer given too early would be under way by now
    expect(answered).toBe(false);
    written.open();
    expect(await answer).toEqual({ status: 200, body: {} });
  });

  test('is answered 503 when it cannot be stored, so that the homeserver sends it again', async () => {
    const { push, counted } = await start(() => Promise.reject(new Error('no database')));
    expect(await push({ events: [message()] })).toMatchObject({
      status: 503,
      body: { errcode: 'M_UNKNOWN' },
    });
    expect(counted).toEqual(['failed']);
  });

  test('of the largest legal size is accepted', async () => {
    const content = { body: 'x'.repeat(64 * 1024) };
    const parts = (over: object): object[] =>
      Array.from({ length: 100 }, (_, index) => ({
        ...message({ event_id: `$${index}`, content }),
        ...over,
      }));
    const { push, stored } = await start();
    const answer = await push({
      events: parts({}),
      ephemeral: parts({}),
      to_device: parts({ to_user_id: '@a:h' }),
    });
    expect(answer).toEqual({ status: 200, body: {} });
    expect(stored.map(({ events }) => events.length)).toEqual([100]);
  });

  test('with what is no event is stored, because a refused one would block all others', async () => {
    const { push, stored, log } = await start();
    expect(await push({ events: [null, message()] })).toEqual({ status: 200, body: {} });
    expect(stored[0]?.events).toEqual([message()]);
    expect(log.lines).toMatchObject([{ level: 'error', fields: { setAside: [{ id: 'transaction 1 0' }] } }]);
  });

  test.each([
    ['no JSON', '{"events": [', 'M_NOT_JSON'],
    ['no object', '[]', 'M_BAD_JSON'],
  ])('that is %s is answered 400', async (_, body, errcode) => {
    const { push, stored } = await start();
    expect(await push(body)).toMatchObject({ status: 400, body: { errcode } });
    expect(stored).toEqual([]);
  });
});

test.each([
  ['POST', '/ping', 200, {}],
  ['GET', '/users/%40_fhir_abc%3Aexample.org', 200, {}],
  ['GET', '/users/%40jan%3Aexample.org', 404, { errcode: 'M_NOT_FOUND' }],
  ['GET', '/rooms/%23careteam%2F244%3Aexample.org', 404, { errcode: 'M_NOT_FOUND' }],
  ['GET', '/rooms/%23careteam-244%3Aexample.org', 200, {}],
  ['GET', '/rooms/%23broken%3Aexample.org', 503, { errcode: 'M_UNKNOWN' }],
  ['GET', '/thirdparty/protocol/fhir', 404, { errcode: 'M_NOT_FOUND' }],
  ['GET', '/thirdparty/location', 200, []],
  ['GET', '/thirdparty/location/fhir', 200, []],
  ['GET', '/thirdparty/user', 200, []],
  ['GET', '/thirdparty/user/fhir', 200, []],
  ['GET', '/no/such/endpoint', 404, { errcode: 'M_UNRECOGNIZED' }],
  ['POST', '/transactions/1', 404, { errcode: 'M_UNRECOGNIZED' }],
])('%s %s → %d', async (method, path, status, body) => {
  const { call } = await start();
  const answer = await call(path, { method });
  expect(answer.status).toBe(status);
  if (Array.isArray(body)) expect(answer.body).toEqual(body);
  else expect(answer.body).toMatchObject(body);
  expect(await call(path, { method, token: '' })).toMatchObject({ status: 401 });
});
