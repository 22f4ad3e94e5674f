// What goes on behind the second port: attributes that cannot be relied upon are told, and nothing outlives the daemon.
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { sleep } from '../../../src/app/clock.ts';
import { createIdentityPort } from '../../../src/app/identity/port.ts';
import { startHttpServer } from '../../../src/ops/http-server.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { LEAST } from '../../builders/config.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { recordingLog } from '../../builders/log.ts';
import { fakeDirectory, usePepper } from '../../identity/world.ts';

const pool = useBridgeDatabase();

const WARNING = 'staff: the attribute uziNr can be written by users, or is not declared';
const READY = { status: 200, body: { status: 'ready' } };
const NOT_READY = { status: 503, body: { status: 'not_ready' } };

/** The port over a directory whose unreliable attributes the test says; `asked` resolves when it was asked so often. */
async function checking(
  env: Readonly<Record<string, string>>,
  unreliable: (time: number) => Promise<readonly string[]>,
) {
  const config = await loadConfig(undefined, { ...LEAST, BRIDGE_IDENTITY_ENABLED: 'true', ...env });
  const [log, metrics] = [recordingLog(), createMetrics()];
  const said = new EventTarget();
  let times = 0;
  const port = createIdentityPort({
    ...{ config, log, metrics, pool: pool() },
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    // Hours pass in no time.
    sleep: (ms, signal) => sleep(Math.min(ms, 1), signal),
    directories: {
      directory: fakeDirectory(),
      checks: [
        {
          ...{ directory: 'staff', needed: ['uziNr', 'matrixId'] },
          unreliable: () => {
            times += 1;
            said.dispatchEvent(new Event(String(times)));
            return unreliable(times);
          },
        },
      ],
    },
  });
  await usePepper(pool(), 'a-pepper-for-tests');
  const server = await startHttpServer({ host: '127.0.0.1', port: 0 }, port.routers, log);
  const ending = new AbortController();
  const running = { until: Promise.resolve() };
  onTestFinished(async () => {
    ending.abort();
    await Promise.all([running.until, server.close(1000)]);
  });
  return {
    ...{ log, metrics },
    /** Starts, and waits until the directory was asked so often. */
    run: async (until: number): Promise<void> => {
      const often = once(said, String(until));
      running.until = port.run(ending.signal);
      await often;
    },
    ask: async (path: string): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
      return { status: response.status, body: await response.json() };
    },
  };
}

test('attributes that users can write are told once in the log, by /health and as a figure, and make it not ready', async () => {
  const { log, metrics, run, ask } = await checking({}, (time) =>
    time === 1
      ? Promise.reject(new BridgeError('directory-unavailable', 'staff: 503'))
      : Promise.resolve(['uziNr']),
  );
  expect(await ask('/health/ready')).toEqual(READY);
  await run(5);
  expect(await ask('/health')).toEqual({ status: 200, body: { status: 'healthy', warnings: [WARNING] } });
  expect(await ask('/health/ready')).toEqual(NOT_READY);
  expect(JSON.stringify(log.lines).split('Nobody is found by attributes')).toHaveLength(2);
  expect(await metrics.registry.metrics()).toContain(
    'bridge_directory_unreliable_attributes{directory="staff"} 1',
  );
});

test('it is ready again when they were mended', async () => {
  const { run, ask } = await checking({}, (time) => Promise.resolve(time < 3 ? ['uziNr', 'matrixId'] : []));
  await run(5);
  expect(await ask('/health/ready')).toEqual(READY);
  expect(await ask('/health')).toEqual({ status: 200, body: { status: 'healthy' } });
});

test('attributes that nobody is looked up by are told, no more', async () => {
  const { run, ask } = await checking({}, () => Promise.resolve(['roleCode']));
  await run(3);
  expect(await ask('/health/ready')).toEqual(READY);
  expect(await ask('/health')).toMatchObject({ body: { warnings: [expect.stringContaining('roleCode')] } });
});

test('where the operator wants it, they are told and it stays ready', async () => {
  const settings = { BRIDGE_IDENTITY_REQUIRE_RELIABLE_ATTRIBUTES: 'false' };
  const { run, ask } = await checking(settings, () => Promise.resolve(['uziNr']));
  await run(3);
  expect(await ask('/health/ready')).toEqual(READY);
  expect(await ask('/health')).toMatchObject({ body: { warnings: [WARNING] } });
});

test('it listens as the configuration says, with TLS of its own where that has files for it', async () => {
  const listenOf = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
    const config = await loadConfig(undefined, { ...LEAST, BRIDGE_IDENTITY_ENABLED: 'true', ...env });
    return createIdentityPort({
      ...{ config, log: recordingLog(), metrics: createMetrics(), pool: pool(), sleep },
      clock: { now: () => new Date(), monotonicMs: () => performance.now() },
      directories: { directory: fakeDirectory(), checks: [] },
    }).listen;
  };
  expect(await listenOf({})).toEqual({ host: '127.0.0.1', port: 3003 });
  const files = {
    BRIDGE_IDENTITY_TLS_CERT_FILE: '/tls.crt',
    BRIDGE_IDENTITY_TLS_KEY_FILE: '/tls.key',
  };
  expect(await listenOf(files)).toMatchObject({ tls: { certFile: '/tls.crt', keyFile: '/tls.key' } });
});
