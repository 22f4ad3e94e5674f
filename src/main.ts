// The composition root: configuration in, running daemon out. Reads from top to bottom as the architecture.
import pg from 'pg';
import type { Pool } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from './config/schema.ts';
import type { Clock, Sleep } from './domain/clock.ts';
import { FOLLOWED_TYPES } from './domain/fhir.ts';
import { createHandle, createReportFailure } from './flows/handle-item.ts';
import { createIntake } from './flows/intake.ts';
import { createKeyedLock } from './flows/keyed-lock.ts';
import { inTransaction } from './inbox/database.ts';
import { enqueue } from './inbox/enqueue.ts';
import { knownSourceIds } from './inbox/known-items.ts';
import { notify } from './inbox/notify.ts';
import { readQueueStats } from './inbox/queue-stats.ts';
import type { Daemon } from './lifecycle.ts';
import { createDaemon } from './lifecycle.ts';
import { ensureRoom } from './matrix/ensure-room.ts';
import { createSpeak } from './matrix/speak.ts';
import { createEndpoints } from './endpoints.ts';
import type { Bridge } from './flows/bridge.ts';
import { createReaders, MATRIX_CHANNEL } from './readers.ts';
import { connectServers } from './servers.ts';
import { compileSettings } from './settings.ts';
import * as arrivals from './store/arrivals.ts';
import * as cursors from './store/cursors.ts';
import { createPool } from './store/database.ts';
import * as messages from './store/messages.ts';
import * as notices from './store/notices.ts';
import * as people from './store/people.ts';
import * as resourceVersions from './store/resource-versions.ts';
import * as rooms from './store/rooms.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';

const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };
const sleep: Sleep = async (ms, signal) => {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
};

/** Puts the daemon together; `start()` starts it. */
export function composeDaemon(config: Config, log: Log): Daemon {
  const metrics = createMetrics();
  const pool = createPool(config.database.url, config.database.poolSize);
  pool.on('error', (error) => {
    log.warn({ error }, 'An idle database connection broke');
  });
  const settings = compileSettings(config);

  const { homeserver, fhir } = connectServers(config, settings, metrics);

  // What comes in is stored ...
  const intake = createIntake({
    transact: (work) => inTransaction(pool, work),
    enqueue,
    knownSourceIds,
    ringMatrix: (tx) => notify(tx, MATRIX_CHANNEL),
    store: { arrivals, cursors, resourceVersions },
  });
  const readers = createReaders({ config, settings, pool, homeserver, fhir, intake, sleep, log, metrics });

  // ... and what is stored is handled.
  const bridge = createBridge({ pool, settings, homeserver, fhir, log, metrics });

  return createDaemon({
    config,
    log,
    clock,
    sleep,
    metrics,
    pool,
    connectSession: async () => {
      const client = new pg.Client({
        connectionString: config.database.url,
        application_name: 'fhir-matrix-bridge',
      });
      await client.connect();
      return client;
    },
    endpoints: createEndpoints({ config, settings, pool, intake, log, metrics }),
    readers,
    handle: createHandle(bridge),
    onParked: createReportFailure(bridge),
    queueStats: async () => {
      const stats = await readQueueStats(pool);
      metrics.setQueue(stats);
      return {
        ...stats,
        arrivals: await arrivals.countArrivals(pool),
        readers: await cursors.readAdvances(pool),
      };
    },
    registerBot: (signal) => homeserver.registerGhost(settings.bot, signal),
    checks: {
      matrix: async (signal) => {
        await homeserver.ping(settings.bot, settings.appserviceId, signal);
      },
      fhir: async (signal) => {
        await fhir.search(FOLLOWED_TYPES[0], [['_lastUpdated', 'ge2999-01-01']], 1, signal);
      },
    },
  });
}

/** What the flows work with. */
function createBridge({ pool, ...deps }: { pool: Pool } & Pick<Bridge, BridgeParts>): Bridge {
  const { homeserver, settings } = deps;
  const { bot } = settings;
  return {
    ...deps,
    db: pool,
    clock,
    store: { messages, notices, people, resourceVersions, rooms },
    enqueue,
    speaking: createSpeak({ homeserver, bot }),
    roomLock: createKeyedLock(),
    ensureRoom: (order, signal) => ensureRoom({ homeserver, bot, clock, sleep }, order, signal),
  };
}

type BridgeParts = 'settings' | 'homeserver' | 'fhir' | 'log' | 'metrics';
