// The hooks over HTTP: every form in which a FHIR server calls them, and who may.
import { describe, expect, test } from 'vitest';
import { FOLLOWED_TYPES, versionKeyOf } from '../../src/domain/fhir.ts';
import { createHooksRouter, hookPath } from '../../src/fhir/hooks.ts';
import { createBearerCheck } from '../../src/ops/bearer.ts';
import { ref } from '../builders/fhir.ts';
import { gate, serveRouters } from '../builders/http.ts';
import { recordingLog } from '../builders/log.ts';

const SECRET = 'hook-secret-0123456789';
const OWN = {
  reference: ref('Communication/12'),
  versionId: '1',
  lastUpdated: '2026-11-30T12:00:00.123Z',
};
const PREVIOUS = 'previous-hook-secret-0123456789';

async function start(notify: () => Promise<void> = () => Promise.resolve()) {
  const notified: string[] = [];
  const counted: string[] = [];
  const log = recordingLog();
  const url = await serveRouters(
    createHooksRouter({
      checkBearer: createBearerCheck([SECRET, PREVIOUS]),
      notify: async (resourceType) => {
        await notify();
        notified.push(resourceType);
      },
      // As PostgreSQL does, it refuses a text with a NUL.
      isOwn: (version) =>
        version.reference.includes('\u0000')
          ? Promise.reject(new Error('invalid byte sequence'))
          : Promise.resolve(versionKeyOf(version) === versionKeyOf(OWN)),
      log,
      count: (result) => counted.push(result),
    }),
  );
  const call = async (
    path: string,
    init: RequestInit = {},
    authorization = `Bearer ${SECRET}`,
  ): Promise<number> => {
    const headers = {
      ...(init.headers as Record<string, string> | undefined),
      ...(authorization !== '' && { authorization }),
    };
    return (await fetch(`${url}${path}`, { method: 'POST', ...init, headers })).status;
  };
  return { notified, counted, log, call };
}

test('every followed type has its own path', () => {
  expect(FOLLOWED_TYPES.map(hookPath)).toEqual([
    '/fhir/hooks/careteam',
    '/fhir/hooks/communicationrequest',
    '/fhir/hooks/communication',
    '/fhir/hooks/practitioner',
    '/fhir/hooks/practitionerrole',
    '/fhir/hooks/relatedperson',
    '/fhir/hooks/patient',
    '/fhir/hooks/organization',
  ]);
});

describe('every form of a notification is a wake-up', () => {
  const json = { 'content-type': 'application/fhir+json' };
  test.each<[string, string, RequestInit]>([
    ['an empty POST', '', {}],
    ['a form', '', { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['a POST with a resource', '/Communication', { body: '{"resourceType":"Communication"}', headers: json }],
    ['a PUT below', '/Communication/12', { method: 'PUT', body: '{}', headers: json }],
    ['a PUT of something that is no JSON', '/Communication/12', { method: 'PUT', body: '{', headers: json }],
    ['a DELETE below', '/Communication/12', { method: 'DELETE' }],
    ['a PUT with a version', '/Communication/12/_history/3', { method: 'PUT' }],
  ])('%s', async (_, below, init) => {
    const { call, notified, counted } = await start();
    expect(await call(`/fhir/hooks/communication${below}`, init)).toBe(200);
    expect([notified, counted]).toEqual([['Communication'], ['stored']]);
  });

  test.each(FOLLOWED_TYPES)('for %s', async (type) => {
    const { call, notified } = await start();
    expect([await call(hookPath(type)), notified]).toEqual([200, [type]]);
  });
});

describe('a resource that comes with a hook', () => {
  const headers = { 'content-type': 'application/fhir+json; charset=UTF-8' };
  const resource = (versionId: string, over: object = {}) => ({
    ...{ resourceType: 'Communication', id: '12', status: 'completed' },
    meta: { versionId, lastUpdated: '2026-11-30T12:00:00.123Z' },
    ...over,
  });
  const put = async (body: string) => {
    const { call, notified, counted } = await start();
    const status = await call('/fhir/hooks/communication/Communication/12', { method: 'PUT', body, headers });
    return { status, notified, counted };
  };

  test('wakes nobody where the bridge wrote it', async () => {
    expect(await put(JSON.stringify(resource('1')))).toEqual({ status: 200, notified: [], counted: ['own'] });
  });

  test.each([
    ['in another version', JSON.stringify(resource('2'))],
    [
      'with another stamp',
      JSON.stringify(resource('1', { meta: { versionId: '1', lastUpdated: '2026-11-30T12:00:01Z' } })),
    ],
    ['without a version', JSON.stringify(resource('1', { meta: {} }))],
    [
      'of a type that no table can hold',
      JSON.stringify(resource('1', { resourceType: 'Communication\u0000' })),
    ],
    ['of a kind that is none', JSON.stringify([resource('1')])],
    ['that is nested too deep', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    [
      'that is too large',
      JSON.stringify(resource('1', { payload: [{ contentString: 'x'.repeat(300_000) }] })),
    ],
    ['that is cut off', JSON.stringify(resource('1')).slice(0, -5)],
  ])('is a wake-up %s', async (_, body) => {
    expect(await put(body)).toEqual({ status: 200, notified: ['Communication'], counted: ['stored'] });
  });
});

describe('the secret', () => {
  test.each([
    ['missing', '', 401],
    ['wrong', 'Bearer wrong-secret', 403],
    ['of another scheme', `Basic ${SECRET}`, 401],
  ])('%s: no wake-up', async (_, authorization, status) => {
    const { call, notified, counted, log } = await start();
    for (const path of [
      '/fhir/hooks/communication',
      '/fhir/hooks/communication/Communication/1',
      '/fhir/hooks/device',
    ]) {
      expect(await call(path, {}, authorization)).toBe(status);
    }
    expect([notified, counted]).toEqual([[], ['refused', 'refused', 'refused']]);
    expect(JSON.stringify(log.lines)).not.toContain('secret-0123');
  });

  test('of before is accepted during a rotation', async () => {
    const { call, notified } = await start();
    expect([await call('/fhir/hooks/careteam', {}, `Bearer ${PREVIOUS}`), notified]).toEqual([
      200,
      ['CareTeam'],
    ]);
  });
});

test.each([
  ['an unknown subscription', '/fhir/hooks/device', 'POST'],
  ['no subscription', '/fhir/hooks', 'POST'],
  ['a GET', '/fhir/hooks/communication', 'GET'],
])('%s: 404, no wake-up', async (_, path, method) => {
  const { call, notified } = await start();
  expect([await call(path, { method }), notified]).toEqual([404, []]);
});

test('if the wake-up fails, the answer is 503', async () => {
  const { call, counted } = await start(() => Promise.reject(new Error('no database')));
  expect(await call('/fhir/hooks/communication')).toBe(503);
  expect(counted).toEqual(['failed']);
});

test('the answer comes after the wake-up', async () => {
  const [asked, rang] = [gate(), gate()];
  const { call } = await start(() => {
    asked.open();
    return rang.passed;
  });
  let answered = false;
  const answer = call('/fhir/hooks/communication').finally(() => {
    answered = true;
  });
  await asked.passed;
  await new Promise(setImmediate); // an answer given too early would be under way by now
  expect(answered).toBe(false);
  rang.open();
  expect(await answer).toBe(200);
});
