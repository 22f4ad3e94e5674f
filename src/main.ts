// The composition root: configuration in, running daemon out. Reads from top to bottom as the architecture.
import type { ClientBase } from 'pg';
import { createAuditBacklog } from './app/audit-backlog.ts';
import { composeBridge } from './app/bridge.ts';
import { clock as ownClock, sleep } from './app/clock.ts';
import type { Config } from './config/schema.ts';
import { FOLLOWED_TYPES } from './domain/fhir.ts';
import { createHandle } from './flows/dispatch.ts';
import { createIntake } from './flows/intake.ts';
import { dressBot } from './flows/people/dress-bot.ts';
import { noticeRestorations } from './flows/restorations/continuity.ts';
import { createRecordTimer } from './flows/stages.ts';
import { createReportFailure } from './flows/report-failure.ts';
import { findBusyLanes, knownSourceIds } from './inbox/known-items.ts';
import { notify } from './inbox/notify.ts';
import { createDaemon } from './app/daemon.ts';
import { createDatabaseClock } from './app/database-clock.ts';
import { createEndpoints } from './app/endpoints.ts';
import { createIdentityPort } from './app/identity/port.ts';
import { createQueueFigures } from './app/queue-figures.ts';
import { createJobs } from './jobs/list.ts';
import { MATRIX_CHANNEL } from './jobs/read-matrix.ts';
import { APPSERVICE_ID } from './matrix/registration.ts';
import { createConnections } from './store/connections.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';

/** Puts the daemon together; `start()` starts it. */
export function composeDaemon(config: Config, log: Log) {
  const metrics = createMetrics();
  const clock = createDatabaseClock(ownClock);
  const connections = createConnections(config.database.url, config.database.poolSize);
  const { pool } = connections;
  pool.on('error', (error) => {
    log.warn({ error }, 'An idle database connection broke');
  });
  // The two servers, the tables and the settings: what the flows work with.
  const composed = composeBridge(config, { clock, connections, log, metrics });
  const { bridge, directories, payloads, ownWrites, close } = composed;
  const { settings, homeserver, fhir } = bridge;
  if (payloads.keyIds.length === 0)
    log.info({}, 'No database.encryptionKeys: messages are stored as they are');

  // What comes in is stored ...
  const wakeMatrixReader = (tx: ClientBase): Promise<void> => notify(tx, MATRIX_CHANNEL);
  const intake = createIntake({ ...bridge, knownSourceIds, findBusyLanes, wakeMatrixReader });
  const identity =
    directories && createIdentityPort({ config, directories, pool, clock, sleep, log, metrics });

  // ... one replica at a time looks for what was never pushed, and keeps order ...
  const jobs = createJobs({ config, bridge, intake, payloads, synced: directories?.synced });

  const auditBacklog = createAuditBacklog(
    { pool, clock, metrics },
    config.audit.enabled && identity !== undefined,
  );

  // ... and what is stored is handled.
  return createDaemon({
    ...{ config, log, clock, ownClock, sleep, metrics, connections, pool, payloads },
    closeConnections: async () => {
      await close();
      await pool.end();
    },
    endpoints: createEndpoints({ ...bridge, config, pool, intake, ownWrites }),
    jobs,
    identity,
    handle: createHandle(bridge),
    onDeadLetter: createReportFailure(bridge),
    onRecorded: createRecordTimer({ metrics }),
    queueStats: createQueueFigures({ pool, metrics, payloads, auditBacklog }),
    registerBot: async (signal) => {
      await homeserver.registerGhost(settings.bot, signal);
      await dressBot(bridge, signal);
      await noticeRestorations(bridge, signal);
    },
    checks: {
      matrix: async (signal) => {
        await homeserver.ping(settings.bot, APPSERVICE_ID, signal);
      },
      fhir: async (signal) => {
        await fhir.search(FOLLOWED_TYPES[0], [['_lastUpdated', 'ge2999-01-01']], 1, signal);
      },
      audit: auditBacklog.check,
    },
  });
}
