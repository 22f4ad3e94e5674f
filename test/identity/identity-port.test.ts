// What goes on behind the second port: attributes that cannot be relied upon are told, and nothing outlives the daemon.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { sleep } from '../../src/compose-bridge.ts';
import { createIdentityPort } from '../../src/identity-port.ts';
import { startHttpServer } from '../../src/ops/http-server.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { LEAST } from '../builders/config.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { recordingLog } from '../builders/log.ts';
import { fakeDirectory } from './http/world.ts';

const pool = useBridgeDatabase();

test('attributes that users can write are told once in the log, by /health and as a figure', async () => {
  const config = await loadConfig(undefined, { ...LEAST, BRIDGE_IDENTITY_ENABLED: 'true' });
  const [log, metrics] = [recordingLog(), createMetrics()];
  const said = new EventTarget();
  let asked = 0;
  const port = createIdentityPort({
    ...{ config, log, metrics, pool: pool() },
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    // Hours pass in no time.
    sleep: (ms, signal) => sleep(Math.min(ms, 1), signal),
    directories: {
      ...{ directory: fakeDirectory(), passes: [] },
      checks: [
        {
          directory: 'staff',
          unreliable: () => {
            asked += 1;
            if (asked === 1) return Promise.reject(new BridgeError('directory-unavailable', 'staff: 503'));
            if (asked === 5) said.dispatchEvent(new Event('often'));
            return Promise.resolve(['uziNr']);
          },
        },
      ],
    },
  });
  const ending = new AbortController();
  const often = once(said, 'often');
  const running = port.run(ending.signal);
  await often;
  const server = await startHttpServer({ host: '127.0.0.1', port: 0 }, port.routers, log);
  const health: unknown = await (await fetch(`http://127.0.0.1:${server.port}/health`)).json();
  ending.abort();
  await Promise.all([running, server.close(1000)]);

  const warning = 'staff: the attribute uziNr can be written by users, or is not declared';
  expect(health).toEqual({ status: 'healthy', warnings: [warning] });
  expect(JSON.stringify(log.lines).split('Nobody is found by attributes')).toHaveLength(2);
  expect(await metrics.registry.metrics()).toContain(
    'bridge_directory_unreliable_attributes{directory="staff"} 1',
  );
});

test('it listens as the configuration says, with TLS of its own where that has files for it', async () => {
  const listenOf = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
    const config = await loadConfig(undefined, { ...LEAST, BRIDGE_IDENTITY_ENABLED: 'true', ...env });
    return createIdentityPort({
      ...{ config, log: recordingLog(), metrics: createMetrics(), pool: pool(), sleep },
      clock: { now: () => new Date(), monotonicMs: () => performance.now() },
      directories: { directory: fakeDirectory(), passes: [], checks: [] },
    }).listen;
  };
  expect(await listenOf({})).toEqual({ host: '127.0.0.1', port: 3003 });
  const files = {
    BRIDGE_IDENTITY_TLS_CERT_FILE: '/tls.crt',
    BRIDGE_IDENTITY_TLS_KEY_FILE: '/tls.key',
  };
  expect(await listenOf(files)).toMatchObject({ tls: { certFile: '/tls.crt', keyFile: '/tls.key' } });
});
