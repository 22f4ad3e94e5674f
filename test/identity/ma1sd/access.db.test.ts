// Only allowed callers reach the backend, and a refused one cannot tell why.
import { expect, test } from 'vitest';
import { SECRET, useWorlds } from '../world.ts';
import type { CallOptions, World } from '../world.ts';

const start = useWorlds();
const SINGLE = '/_ma1sd/backend/api/v1/identity/single';
const body = { lookup: { medium: 'email', address: 'nobody@hs.example' } };
const REFUSED = [403, { errcode: 'M_FORBIDDEN', error: 'You may not call this' }];
const LET_IN = [200, {}];

async function calling(
  { call }: World,
  options: Omit<CallOptions, 'body'> = {},
  path = SINGLE,
): Promise<unknown> {
  const { status, body: answer } = await call('POST', path, { body, ...options });
  return [status, answer];
}

test('bearer: the secret, or the one before it', async () => {
  const world = await start({ BRIDGE_IDENTITY_PREVIOUS_BACKEND_SECRET: 'the-secret-before-this' });
  expect(await calling(world, { token: SECRET })).toEqual(LET_IN);
  expect(await calling(world, { token: 'the-secret-before-this' })).toEqual(LET_IN);
  expect(await calling(world, { token: 'another-secret' })).toEqual(REFUSED);
  expect(await calling(world)).toEqual(REFUSED);
  expect(await calling(world, { headers: { Authorization: `Basic ${SECRET}` } })).toEqual(REFUSED);
});

test('path secret: the path below /k/<secret>, and no other', async () => {
  const world = await start({ BRIDGE_IDENTITY_BACKEND_AUTH: 'path-secret' });
  expect(await calling(world, {}, `/k/${SECRET}${SINGLE}`)).toEqual(LET_IN);
  expect(await calling(world, {}, `/k/another-secret${SINGLE}`)).toEqual(REFUSED);
  expect(await calling(world, { token: SECRET })).toEqual([404, { error: 'No such endpoint' }]);
});

test('network: the listed ones, by the address that a trusted proxy gives', async () => {
  const env = {
    BRIDGE_IDENTITY_BACKEND_AUTH: 'network',
    BRIDGE_IDENTITY_ALLOWED_NETWORKS: '10.1.2.0/24',
  };
  const world = await start({ ...env, BRIDGE_IDENTITY_TRUSTED_PROXIES: '127.0.0.1' });
  const from = (chain: string): Promise<unknown> => calling(world, { headers: { 'X-Forwarded-For': chain } });
  expect(await from('10.1.2.7')).toEqual(LET_IN);
  expect(await from('203.0.113.5, 10.1.2.7')).toEqual(LET_IN);
  expect(await from('10.1.2.7, 203.0.113.5')).toEqual(REFUSED);
  expect(await from('10.1.3.7')).toEqual(REFUSED);
  expect(await calling(world)).toEqual(REFUSED);
  const direct = await start(env);
  expect(await calling(direct, { headers: { 'X-Forwarded-For': '10.1.2.7' } })).toEqual(REFUSED);
});

test('a secret is of no use from another network', async () => {
  const world = await start({ BRIDGE_IDENTITY_ALLOWED_NETWORKS: '10.1.2.0/24' });
  expect(await calling(world, { token: SECRET })).toEqual(REFUSED);
});

test('what is refused is not read, and its secret is in no log', async () => {
  const world = await start();
  const big = 'x'.repeat(1_000_000);
  expect(await calling(world, { token: 'another-secret', body: big } as CallOptions)).toEqual(REFUSED);
  expect(JSON.stringify(world.log.lines)).not.toContain('another-secret');
});

test('health asks for nothing', async () => {
  const { call } = await start();
  const health = await call('GET', '/health');
  expect([health.status, health.body]).toEqual([200, { status: 'healthy' }]);
  const ready = await call('GET', '/health/ready');
  expect([ready.status, ready.body]).toEqual([503, { status: 'not_ready' }]);
});
