// Probes, checks and metrics: what orchestrators decide by, and what an operator reads.
import { describe, expect, test } from 'vitest';
import type { DeliveryId, RoomAlias } from '../../src/domain/ids.ts';
import { createFhirClient } from '../../src/fhir/client.ts';
import { createFhirServer } from '../../src/fhir/server.ts';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { createChecks } from '../../src/ops/checks.ts';
import type { StillJob } from '../../src/app/job-watch.ts';
import type { ServiceState } from '../../src/ops/checks.ts';
import { createFiguresRouter, createHealthRouter, type LifecycleState } from '../../src/ops/probes.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ref } from '../builders/fhir.ts';
import { serveRouters, serveScript } from '../builders/http.ts';
import { recordingLog } from '../builders/log.ts';
import { BOT, roomId, userId } from '../builders/matrix.ts';

const STATS = {
  waitingItems: 3,
  deadLetters: 1,
  retryingLanes: 0,
  oldestWaitingSeconds: 2.5,
  liveReplicas: 2,
  busyLanes: 1,
};

async function probesOf(
  state: LifecycleState,
  services: Readonly<Record<string, ServiceState>>,
  queueStats: () => Promise<Readonly<Record<string, unknown>>> = () => Promise.resolve(STATS),
  still: ReadonlyMap<string, StillJob> = new Map(),
  restored: readonly string[] = [],
  tells: 'status' | 'details' = 'details',
  gone = 0,
) {
  const metrics = createMetrics();
  const url = await serveRouters(
    createHealthRouter(
      {
        state: () => state,
        services: () => services,
        still: () => still,
        restored: () => restored,
        gone: () => gone,
      },
      tells,
    ),
    createFiguresRouter({ queueStats, metrics: metrics.registry }),
  );
  const get = async (path: string): Promise<readonly [number, unknown]> => {
    const response = await fetch(`${url}${path}`);
    const text = await response.text();
    return [response.status, path === '/metrics' ? text : JSON.parse(text)];
  };
  return { get, metrics };
}

const UP = { database: 'up', matrix: 'up', fhir: 'up' } as const;

describe('liveness: /health is 200 as long as the process answers', () => {
  test.each<[LifecycleState, Readonly<Record<string, ServiceState>>, status?: string]>([
    ['starting', { database: 'unknown', matrix: 'unknown', fhir: 'unknown' }],
    ['running', UP],
    ['running', { database: 'down', matrix: 'down', fhir: 'down' }, 'degraded'],
    ['running', { ...UP, fhir: 'down' }, 'degraded'],
    ['draining', UP],
  ])('%s %o', async (state, services, status = 'healthy') => {
    const { get } = await probesOf(state, services);
    expect(await get('/health')).toEqual([200, { status, services }]);
  });

  test('a service that answers is degraded while a job with it stands still, and the answer names the job', async () => {
    const still = new Map([
      ['matrix', { service: 'matrix', how: 'late' }],
      ['fhir:Task', { service: 'fhir', how: 'failing' }],
      ['identity:care', { service: 'directories', how: 'failing' }],
    ] as const);
    const { get } = await probesOf('running', { ...UP, fhir: 'down' }, undefined, still);
    const services = { database: 'up', matrix: 'degraded', fhir: 'down', directories: 'degraded' };
    const standingStill = { matrix: 'late', 'fhir:Task': 'failing', 'identity:care': 'failing' };
    expect(await get('/health')).toEqual([200, { status: 'degraded', services, standingStill }]);
    expect((await get('/ready'))[0]).toBe(200);
  });

  test('a service that went back to an earlier state is degraded, and named', async () => {
    const { get } = await probesOf('running', UP, undefined, undefined, ['matrix']);
    expect(await get('/health')).toEqual([
      200,
      { status: 'degraded', services: { ...UP, matrix: 'degraded' }, restored: ['matrix'] },
    ]);
  });
});

test('the FHIR server is degraded while resources are gone whose rooms still have their members', async () => {
  const { get } = await probesOf('running', UP, undefined, undefined, undefined, undefined, 2);
  const told = { status: 'degraded', services: { ...UP, fhir: 'degraded' }, resourcesGone: 2 };
  expect(await get('/health')).toEqual([200, told]);
});

test('on the listener that many can reach the probes say nothing of other services', async () => {
  const services = { ...UP, fhir: 'down' } as const;
  const { get } = await probesOf('running', services, undefined, undefined, undefined, 'status');
  expect(await get('/health')).toEqual([200, { status: 'degraded' }]);
  expect(await get('/ready')).toEqual([200, { status: 'ready' }]);
  expect(await get('/health/ready')).toEqual([200, { status: 'ready' }]);
});

test.each([
  ['starting', 503, 'starting'],
  ['running', 200, 'started'],
  ['draining', 200, 'started'],
] as const)('startup: %s → %d', async (state, status, word) => {
  const { get } = await probesOf(state, UP);
  expect(await get('/health/startup')).toEqual([status, { status: word }]);
});

describe('readiness: running, with its database', () => {
  test.each<[LifecycleState, Readonly<Record<string, ServiceState>>, number]>([
    ['starting', UP, 503],
    ['running', UP, 200],
    ['running', { ...UP, database: 'unknown' }, 200], // it has just migrated it
    ['running', { ...UP, database: 'down' }, 503],
    ['running', { ...UP, matrix: 'down', fhir: 'down' }, 200], // what comes in is kept for them
    ['draining', UP, 503],
    ['stopped', UP, 503],
  ])('%s %o → %d', async (state, services, status) => {
    const { get } = await probesOf(state, services);
    const body = {
      status: status === 200 ? 'ready' : 'not_ready',
      checks: { database: services['database'], lifecycle: state },
    };
    expect(await get('/ready')).toEqual([status, body]);
    expect(await get('/health/ready')).toEqual([status, body]);
  });
});

describe('the queue’s figures', () => {
  test('are told, and stand in the metrics as of now', async () => {
    const metricsOf: { set?: (stats: typeof STATS) => void } = {};
    const { get, metrics } = await probesOf('running', UP, () => {
      metricsOf.set?.(STATS);
      return Promise.resolve(STATS);
    });
    metricsOf.set = (stats) => {
      metrics.setQueue(stats);
    };
    expect(await get('/api/v1/queue/stats')).toEqual([200, STATS]);
    const [status, text] = await get('/metrics');
    expect(status).toBe(200);
    expect(text).toMatch(/^bridge_items_waiting 3$/m);
    expect(text).toMatch(/^bridge_dead_letters 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes /m);
  });

  test('without the database: 503, and metrics all the same', async () => {
    const { get } = await probesOf('running', UP, () =>
      Promise.reject(new Error('password authentication failed')),
    );
    expect(await get('/api/v1/queue/stats')).toEqual([503, { error: 'The database does not answer' }]);
    expect((await get('/metrics'))[0]).toBe(200);
  });
});

describe('checks', () => {
  const TIMEOUT_MS = 5_000;
  const until = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      signal?.addEventListener('abort', () => {
        resolve();
      });
    });

  test('a check that does not end counts as failed after its time, whether or not it heeds its signal', async () => {
    const stop = new AbortController();
    const log = recordingLog();
    const check = () => new Promise<void>(() => undefined);
    const checks = createChecks(
      [{ service: 'database', intervalMs: 30_000, patience: 1, timeoutMs: TIMEOUT_MS, check }],
      {
        log,
        onState: () => undefined,
        sleep: (ms) => {
          if (ms !== TIMEOUT_MS) stop.abort();
          return Promise.resolve();
        },
      },
    );
    await checks.run(stop.signal);
    expect(checks.states()).toEqual({ database: 'down' });
    expect(log.lines).toMatchObject([{ fields: { error: { code: 'CHECK_TIMEOUT' } } }]);
  });

  /** Runs one check over a script of results (true: it answers); returns the state after each, and the pauses. */
  async function run(script: readonly boolean[], patience: number) {
    const stop = new AbortController();
    const [states, pauses, told]: [ServiceState[], number[], boolean[]] = [[], [], []];
    const log = recordingLog();
    let turn = 0;
    const checks = createChecks(
      [
        {
          service: 'fhir',
          intervalMs: 30_000,
          patience,
          timeoutMs: TIMEOUT_MS,
          check: () => (script[turn++] === true ? Promise.resolve() : Promise.reject(new Error('no answer'))),
        },
      ],
      {
        log,
        onState: (_, up) => told.push(up),
        sleep: (ms, signal) => {
          if (ms === TIMEOUT_MS) return until(signal);
          states.push(checks.states()['fhir'] ?? 'unknown');
          pauses.push(ms);
          if (turn === script.length) stop.abort();
          return Promise.resolve();
        },
      },
    );
    expect(checks.states()).toEqual({ fhir: 'unknown' });
    await checks.run(stop.signal);
    return {
      states,
      pauses,
      told,
      lines: log.lines.map(({ level, fields }) => `${level} ${String(fields['dependency'])}`),
    };
  }

  test('a service is down only after as many failures in a row as there is patience, and up at once', async () => {
    const { states, told, lines } = await run([true, false, true, false, false, false, true], 2);
    expect(states).toEqual(['up', 'up', 'up', 'up', 'down', 'down', 'up']);
    expect(told).toEqual([true, true, false, false, true]);
    expect(lines).toEqual(['info fhir', 'warn fhir', 'info fhir']); // each change once
  });

  test('a service that never answered is unknown until patience ends', async () => {
    expect((await run([false, false, false], 3)).states).toEqual(['unknown', 'unknown', 'down']);
  });

  test('after a failure it is asked again soon, and less and less so', async () => {
    const { pauses } = await run([true, false, false, false, false, false, false, true], 2);
    expect(pauses).toEqual([30_000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('what fails because it is stopped changes nothing', async () => {
    const stop = new AbortController();
    const checks = createChecks(
      [
        {
          service: 'fhir',
          intervalMs: 1,
          patience: 1,
          timeoutMs: TIMEOUT_MS,
          check: () => {
            stop.abort();
            return Promise.reject(new Error('stopped'));
          },
        },
      ],
      { log: recordingLog(), onState: () => undefined, sleep: () => Promise.resolve() },
    );
    await checks.run(stop.signal);
    expect(checks.states()).toEqual({ fhir: 'unknown' });
  });
});

test('no metric has a label that could hold a person, a room, a resource or a text', async () => {
  const harmless = [
    'server',
    'operation',
    'result',
    'service',
    'kind',
    'outcome',
    'reason',
    'direction',
    'reader',
    'source',
    'directory',
    'what',
    ...['api', 'status', 'key', 'stage'],
  ];
  const { registry } = createMetrics();
  const own = registry.getMetricsAsArray().filter(({ name }) => name.startsWith('bridge_'));
  expect(own.length).toBeGreaterThan(10);
  for (const metric of own) {
    const { labelNames = [] } = metric as unknown as { labelNames?: readonly string[] };
    expect(harmless).toEqual(expect.arrayContaining([...labelNames]));
  }
  expect(await registry.metrics()).not.toMatch(/user_id|room_id|event_id|reference=/);
});

test('requests with ids in their paths leave none of them in the metrics', async () => {
  const metrics = createMetrics();
  const { url } = await serveScript(() => ({ status: 404, body: { errcode: 'M_NOT_FOUND' } }));
  const limits = { requestTimeoutMs: 5000, maxConcurrentRequests: 8 };
  const homeserver = createHomeserver(
    createMatrixClient({ ...limits, homeserverUrl: url, asToken: 'token', observe: metrics.observeMatrix }),
  );
  const fhir = createFhirServer(
    createFhirClient({ ...limits, baseUrl: url, bearerToken: undefined, observe: metrics.observeFhir }),
    'client-assigned',
  );
  const room = roomId('!secret:h');
  const message = {
    ...{ as: userId('@secret:h'), roomId: room, type: 'm.room.message' },
    ...{ deliveryId: 'secret-delivery' as DeliveryId, content: { body: 'secret text' } },
  };
  await Promise.allSettled([
    homeserver.sendEvent(message),
    homeserver.invite(BOT, room, userId('@secret:h')),
    homeserver.resolveAlias(BOT, '#secret:h' as RoomAlias),
    fhir.read(ref('Patient/secret')),
    fhir.search('CareTeam', [['subject', 'Patient/secret']], 1),
  ]);
  const text = await metrics.registry.metrics();
  expect(text).toContain('operation="send message"');
  expect(text).toContain('operation="read Patient"');
  expect(text).not.toContain('secret');
});
