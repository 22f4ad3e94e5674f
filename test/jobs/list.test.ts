// The list of jobs: all that runs on one replica at a time is in it, under a lease of its own, and is counted.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { composeBridge } from '../../src/app/bridge.ts';
import { clock } from '../../src/app/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { FOLLOWED_TYPES, watchedTypes } from '../../src/domain/fhir.ts';
import { createIntake } from '../../src/flows/intake.ts';
import { repeatJob } from '../../src/inbox/job.ts';
import { findBusyLanes, knownSourceIds } from '../../src/inbox/known-items.ts';
import type { BridgeJob } from '../../src/jobs/job.ts';
import { createJobs } from '../../src/jobs/list.ts';
import { createConnections } from '../../src/store/connections.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { LEAST } from '../builders/config.ts';
import { recordingLog } from '../builders/log.ts';
import { keyOf } from '../builders/payloads.ts';

const DIRECTORY = {
  ...{ kind: 'keycloak', name: 'staff', baseUrl: 'https://keycloak.example', usernameIsLocalpart: true },
  ...{ realm: 'care', clientId: 'bridge', clientSecret: 'bridge-secret-0123456' },
};
const ALL = {
  ...LEAST,
  BRIDGE_DATABASE_ENCRYPTION_KEYS: JSON.stringify([keyOf('2026-12')]),
  BRIDGE_IDENTITY_ENABLED: 'true',
  BRIDGE_IDENTITY_PUBLISH_TO_OWN_FHIR: 'true',
  BRIDGE_FHIR_SUBSCRIPTIONS: 'true',
  BRIDGE_FHIR_HOOK_URL: 'http://bridge:3000',
  BRIDGE_NETWORK_PLAIN_HTTP_HOSTS: 'synapse,hapi,bridge',
  BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([DIRECTORY]),
};

/** The jobs of a daemon with this configuration, composed as `main.ts` does; nothing is connected to. */
async function jobsOf(env: Readonly<Record<string, string>>): Promise<readonly BridgeJob[]> {
  const config = await loadConfig(undefined, env);
  const connections = createConnections(config.database.url, 1);
  const { bridge, directories, payloads } = composeBridge(config, {
    ...{ clock, connections, log: recordingLog(), metrics: createMetrics() },
  });
  const wakeMatrixReader = () => Promise.resolve();
  const intake = createIntake({ ...bridge, knownSourceIds, findBusyLanes, wakeMatrixReader });
  return createJobs({ config, bridge, intake, payloads, synced: directories?.synced });
}

describe('the list', () => {
  test('has every job that the configuration asks for, each under a name and lease of its own', async () => {
    const names = (await jobsOf(ALL)).map(({ name }) => name);
    expect(names).toEqual([
      ...['matrix', 'matrix:rooms'],
      ...watchedTypes(true).map((type) => `fhir:${type}`),
      ...['deletions', 'deletions:CareTeam', 'deletions:CommunicationRequest'],
      ...['fhir:Subscription', 'restored-fhir', 'periods', 'continuity', 'reconcile-restored'],
      ...['nightly-reconcile', 'publish-ghosts', 'orphaned-rooms', 'release-overdue'],
      ...['gather-waiting', 'write-back', 'prune-inbox', 'prune-traces', 'payload-keys'],
      ...['identity:staff', 'identity:peppers', 'identity:prune', 'audit:look-ups'],
    ]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('has none that the configuration leaves out', async () => {
    const names = (
      await jobsOf({
        ...LEAST,
        BRIDGE_FHIR_SUBSCRIPTIONS: 'false',
        BRIDGE_SWEEP_ENABLED: 'false',
        BRIDGE_READ_STATE_ENGINE: 'off',
      })
    ).map(({ name }) => name);
    expect(names).toEqual([
      ...['matrix', 'matrix:rooms'],
      ...FOLLOWED_TYPES.map((type) => `fhir:${type}`),
      ...['deletions', 'deletions:CareTeam', 'deletions:CommunicationRequest'],
      ...['restored-fhir', 'periods', 'continuity', 'reconcile-restored', 'orphaned-rooms'],
      ...['release-overdue', 'gather-waiting', 'write-back', 'prune-inbox', 'prune-traces'],
    ]);
  });

  test('has the job of every file in the folder, but for what runs on every replica', () => {
    const list = readFileSync(new URL('../../src/jobs/list.ts', import.meta.url), 'utf8');
    const files = readdirSync(new URL('../../src/jobs', import.meta.url));
    const missing = files.filter((file) => file !== 'list.ts' && !list.includes(`'./${file}'`));
    expect(missing).toEqual(['attribute-checks.ts']);
  });

  test('tells how often each job is done', async () => {
    for (const { name, intervalMs } of await jobsOf(ALL)) {
      const ms = typeof intervalMs === 'number' ? intervalMs : intervalMs();
      expect(ms, name).toBeGreaterThanOrEqual(1000);
      expect(ms, name).toBeLessThanOrEqual(60 * 60 * 1000);
    }
  });

  test('has only jobs whose passes are counted under their name', async () => {
    const metrics = createMetrics();
    const ending = new AbortController();
    const jobs = await jobsOf(ALL);
    const running = jobs.map((job) =>
      repeatJob(
        { ...job, pass: () => Promise.resolve(2) },
        {
          ...{ metrics, log: recordingLog(), notePass: () => Promise.resolve() },
          sleep: (_, signal) =>
            new Promise((resolve) => {
              signal?.addEventListener('abort', () => {
                resolve();
              });
            }),
        },
      ).run(ending.signal),
    );
    await new Promise((resolve) => setImmediate(resolve));
    ending.abort();
    await Promise.all(running);
    const counted = async (name: string): Promise<readonly unknown[]> =>
      ((await metrics.registry.getSingleMetric(name)?.get())?.values ?? []).map(({ labels, value }) => [
        labels['reader'],
        value,
      ]);
    expect(await counted('bridge_reader_passes_total')).toEqual(jobs.map(({ name }) => [name, 1]));
    expect(await counted('bridge_reader_items_total')).toEqual(jobs.map(({ name }) => [name, 2]));
  });
});
