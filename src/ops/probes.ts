// The probes and figures that operators and orchestrators read: /health, /ready, /metrics, /api/v1/queue/stats.
import express, { type Response, type Router } from 'express';
import type { Registry } from 'prom-client';
import type { ServiceState } from './checks.ts';
import type { StandingStill } from './standing-still.ts';

/** The daemon's states, in the order in which it passes through them. `draining`: asked to stop, still answering. */
export type LifecycleState = 'starting' | 'running' | 'draining' | 'stopped';

interface HealthDeps {
  readonly state: () => LifecycleState;
  readonly services: () => Readonly<Record<string, ServiceState>>;
  /** The jobs that stand still, on whichever replica, with the service that is degraded by each. */
  readonly still: () => ReadonlyMap<string, { readonly service: string; readonly how: StandingStill }>;
  /** The services that went back to an earlier state, as long as not all is compared since. */
  readonly restored: () => readonly string[];
  /** How many spaces and rooms have lost their resource and still have their members. */
  readonly gone: () => number;
}

interface FiguresDeps {
  readonly queueStats: () => Promise<Readonly<Record<string, unknown>>>;
  readonly metrics: Registry;
}

/**
 * Creates the router of the probes; mount it at `/`. They answer from memory.
 * @param tells `status`: nothing else, for the listener that many can reach; `details`: also what is wrong, for operators
 */
export function createHealthRouter(
  { state, services, still, restored, gone }: HealthDeps,
  tells: 'status' | 'details',
): Router {
  const router = express.Router();
  const told = (status: string, details: object) =>
    tells === 'details' ? { status, ...details } : { status };
  // Liveness: the answer itself is the proof. The failure of another service must not restart the bridge.
  router.get('/health', (_request, response) => {
    const { status, ...details } = healthOf(services(), still(), restored(), gone());
    response.json(told(status, details));
  });
  router.get('/health/startup', (_request, response) => {
    const started = state() !== 'starting';
    answer(response, started, { status: started ? 'started' : 'starting' });
  });
  router.get(['/health/ready', '/ready'], (_request, response) => {
    const checks = { database: services()['database'] ?? 'unknown', lifecycle: state() };
    const ready = checks.lifecycle === 'running' && checks.database !== 'down';
    answer(response, ready, told(ready ? 'ready' : 'not_ready', { checks }));
  });
  return router;
}

/** Creates the router of the figures; mount it at `/` of the listener for operators. No answer holds personal data. */
export function createFiguresRouter({ queueStats, metrics }: FiguresDeps): Router {
  const router = express.Router();
  router.get('/api/v1/queue/stats', async (_request, response) => {
    try {
      response.json(await queueStats());
    } catch {
      answer(response, false, { error: 'The database does not answer' });
    }
  });
  router.get('/metrics', async (_request, response) => {
    // Refreshes the gauges of the queue; without the database they keep their last values.
    await queueStats().catch(() => undefined);
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  return router;
}

/** Down or degraded, the answer is 200 all the same. */
function healthOf(
  checked: ReturnType<HealthDeps['services']>,
  still: ReturnType<HealthDeps['still']>,
  restored: readonly string[],
  gone: number,
) {
  const services: Record<string, ServiceState> = { ...checked };
  const degraded = [
    ...[...still.values()].map(({ service }) => service),
    ...restored,
    ...(gone > 0 ? ['fhir'] : []),
  ];
  for (const service of degraded) if (services[service] !== 'down') services[service] = 'degraded';
  const isWell = Object.values(services).every((state) => state === 'up' || state === 'unknown');
  const standingStill = Object.fromEntries([...still].map(([job, { how }]) => [job, how]));
  return {
    status: isWell ? 'healthy' : 'degraded',
    services,
    ...(still.size > 0 && { standingStill }),
    ...(restored.length > 0 && { restored }),
    ...(gone > 0 && { resourcesGone: gone }),
  };
}

function answer(response: Response, well: boolean, body: Readonly<Record<string, unknown>>): void {
  response.status(well ? 200 : 503).json(body);
}
