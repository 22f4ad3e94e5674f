// One right request to each route of the port for operators.
import type { RequestExample } from '../change-request.ts';

const PATHS = ['/health', '/health/startup', '/health/ready', '/ready', '/api/v1/queue/stats', '/metrics'];

/** The requests. */
export const OPS_PORT: readonly RequestExample[] = PATHS.map((target) => ({
  ...{ route: `ops GET ${target}`, listener: 'ops', method: 'GET', target, status: 200 },
}));
