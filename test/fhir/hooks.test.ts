// The hooks over HTTP: every form in which a FHIR server calls them, and who may.
import { describe, expect, test } from 'vitest';
import { FOLLOWED_TYPES } from '../../src/domain/fhir.ts';
import { createHooksRouter, hookPath } from '../../src/fhir/hooks.ts';
import { createBearerCheck } from '../../src/ops/bearer.ts';
import { gate, serveRouters } from '../builders/http.ts';
import { recordingLog } from '../builders/log.ts';

const SECRET = 'hook-secret-0123456789';
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
