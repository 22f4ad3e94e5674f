// Start order, drain, soft and hard stop: the life of the process from first listener to last connection.
import type { Router } from 'express';
import { createBotRegistration } from './bot-registration.ts';
import { bulkSlotsOf } from './bulk-slots.ts';
import type { DatabaseClock } from './database-clock.ts';
import type { IdentityPort } from './identity/port.ts';
import type { Clock } from '../domain/clock.ts';
import type { PayloadCodec } from '../domain/stored-payload.ts';
import type { Handle, OnDeadLetter, OnRecorded } from '../inbox/item.ts';
import { startJobs } from '../inbox/job.ts';
import { createPassNotes } from '../inbox/job-passes.ts';
import type { Replica } from '../inbox/replica.ts';
import { startReplica } from '../inbox/replica.ts';
import { exponentialRetry } from '../inbox/retry-policy.ts';
import { createChecks } from '../ops/checks.ts';
import { OPS_LIMITS, startHttpServer } from '../ops/http-server.ts';
import type { HttpServer } from '../ops/http-server.ts';
import { kept } from '../ops/kept.ts';
import { createFiguresRouter, createHealthRouter, type LifecycleState } from '../ops/probes.ts';
import type { BridgeJob } from '../jobs/job.ts';
import { createJobWatch } from './job-watch.ts';
import type { Parts } from './parts.ts';
import { untilWorking } from './until-working.ts';
import type { Connections } from '../store/connections.ts';
import { migrate } from '../store/migrate.ts';

interface Deps extends Parts {
  readonly clock: DatabaseClock;
  /** Of this machine. */
  readonly ownClock: Clock;
  readonly connections: Connections;
  /** Closes the pool and every session besides the replica's. */
  readonly closeConnections: () => Promise<void>;
  readonly endpoints: readonly Router[];
  readonly jobs: readonly BridgeJob[];
  /** The second port; undefined where it is off. */
  readonly identity: IdentityPort | undefined;
  readonly handle: Handle;
  readonly payloads: PayloadCodec;
  readonly onDeadLetter: OnDeadLetter;
  readonly onRecorded: OnRecorded;
  readonly queueStats: () => Promise<Readonly<Record<string, unknown>>>;
  readonly registerBot: (signal: AbortSignal) => Promise<void>;
  readonly checks: Readonly<Record<'audit' | 'matrix' | 'fhir', (signal: AbortSignal) => Promise<void>>>;
}

/** Where it listens. */
interface Ports {
  readonly port: number;
  readonly opsPort: number;
  /** Undefined where the identity port is off. */
  readonly identityPort: number | undefined;
}

type Health = Parameters<typeof createHealthRouter>[0];

/** Creates the daemon. */
export function createDaemon(deps: Deps) {
  const { config, log, sleep, identity } = deps;
  const stopping = new AbortController();
  let state: LifecycleState = 'starting';
  const servers: HttpServer[] = [];
  let listening: Promise<Ports> | undefined;
  let replica: Replica | undefined;
  let background: Promise<unknown> = Promise.resolve();
  let starting: Promise<Ports> | undefined;
  let stopped: Promise<void> | undefined;

  const checks = createDependencyChecks(deps);
  const watch = createJobWatch(deps);

  async function start(): Promise<Ports> {
    const health = {
      state: () => state,
      services: checks.states,
      still: watch.still,
      restored: watch.restored,
      gone: watch.gone,
    };
    listening = listen(deps, health, servers);
    const ports = await listening;
    replica = await workWhenPossible(deps, stopping.signal);
    state = 'running';
    background = Promise.all([
      checks.run(stopping.signal),
      watch.run(stopping.signal),
      identity?.run(stopping.signal),
    ]);
    log.info({ ...ports }, 'Running');
    return ports;
  }

  async function stop(): Promise<void> {
    const { drainMs, graceMs } = config.shutdown;
    log.info({ drainMs }, 'Draining');
    const working = state === 'running';
    state = 'draining';
    stopping.abort();
    // A server that is only about to listen would stay behind.
    await listening?.catch(() => undefined);
    for (const server of servers) server.drain();
    const handedBack = replica?.stop({ graceMs });
    if (working) await sleep(drainMs);
    await Promise.all(servers.map((server) => server.close(graceMs)));
    await handedBack;
    await background;
    await starting?.catch(() => undefined);
    await deps.closeConnections();
    state = 'stopped';
    log.info({}, 'Stopped');
  }

  return {
    /**
     * Starts, and resolves when the daemon is running; waits for the database, and for a schema that it can work with, however
     * long it takes.
     * @throws Error when it never can run: the port is taken, the database is behind a pooler in transaction mode
     */
    start: () => (starting ??= start()),
    /** Drains and stops; resolves when nothing is left. Calling it again makes no difference. */
    stop: () => (stopped ??= stop()),
  };
}

/**
 * Starts the listeners, one after the other. The probes answer from the first moment on; the other endpoints answer 503 until
 * the database is there.
 */
async function listen(deps: Deps, health: Health, servers: HttpServer[]): Promise<Ports> {
  const { config, endpoints, identity, clock, log } = deps;
  const begin = async (...given: Parameters<typeof startHttpServer>): Promise<number> => {
    const server = await startHttpServer(...given);
    servers.push(server);
    return server.port;
  };
  const figures = createFiguresRouter({
    queueStats: kept(deps.queueStats, {
      ...{ keepMs: config.ops.figuresMs, nowMs: () => clock.monotonicMs() },
    }),
    metrics: deps.metrics.registry,
  });
  return {
    port: await begin(config.listen, [createHealthRouter(health, 'status'), ...endpoints], log),
    opsPort: await begin(config.ops, [createHealthRouter(health, 'details'), figures], log, OPS_LIMITS),
    identityPort: identity && (await begin(identity.listen, identity.routers, log)),
  };
}

function workWhenPossible(deps: Deps, signal: AbortSignal): Promise<Replica> {
  const { config, log, sleep } = deps;
  const migrateOnce = () => migrate(config.database.url);
  return untilWorking({ migrate: migrateOnce, begin: () => startWorking(deps, signal), sleep, log }, signal);
}

async function startWorking(deps: Deps, signal: AbortSignal): Promise<Replica> {
  const { config, connections, jobs, pool, payloads, onDeadLetter, onRecorded } = deps;
  const { clock, ownClock, sleep, log } = deps;
  const bot = createBotRegistration({ registerBot: () => deps.registerBot(signal), sleep, log });
  const replica = await startReplica({
    ...{ pool, payloads, onDeadLetter, onRecorded, clock: ownClock, sleep, log },
    onTime: clock.set,
    connectSession: connections.connectSession,
    onSessionLost: () => {
      // What the session was lost by may have taken the host with it that all other connections lead to ...
      connections.renew();
      // ... or may have been a restoration of the database: as at the start, nothing is handled before that is known.
      bot.forget();
    },
    handle: deps.handle,
    ready: (signal) => bot.wait(signal),
    slots: config.inbox.workers,
    bulkSlots: bulkSlotsOf(config),
    retryPolicy: exponentialRetry(
      {
        firstDelayMs: 500,
        maxDelayMs: 5 * 60_000,
        maxAttempts: Number.POSITIVE_INFINITY,
        maxAgeMs: config.inbox.retryMs,
      },
      Math.random,
    ),
  });
  await startJobs(replica, jobs, {
    ...{ sleep, log, metrics: deps.metrics },
    notePass: createPassNotes(pool, clock),
    ready: (job, leased) => (job.withoutBot === true ? Promise.resolve() : bot.wait(leased)),
  });
  return replica;
}

/** Longer than the time-outs of the requests themselves. */
const MINUTE_MS = 60_000;

function createDependencyChecks({ pool, checks, metrics, sleep, log }: Deps) {
  return createChecks(
    [
      {
        service: 'database',
        intervalMs: 5_000,
        patience: 3,
        timeoutMs: 5_000,
        check: async () => {
          await pool.query('select');
        },
      },
      // A good ping also ends the homeserver's back-off, so that a backlog comes at once (Synapse 1.132).
      { service: 'matrix', intervalMs: 30_000, patience: 2, timeoutMs: MINUTE_MS, check: checks.matrix },
      { service: 'fhir', intervalMs: 30_000, patience: 2, timeoutMs: MINUTE_MS, check: checks.fhir },
      // Down while AuditEvents wait for too long.
      { service: 'audit', intervalMs: 30_000, patience: 1, timeoutMs: MINUTE_MS, check: checks.audit },
    ],
    {
      sleep,
      log,
      onState: (service, up) => {
        metrics.dependencyUp.set({ service }, up ? 1 : 0);
      },
    },
  );
}
