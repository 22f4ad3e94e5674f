// The right requests to all routes of all ports; a route without one is an error.
import type { RequestExample } from '../change-request.ts';
import { registerIdentityUser } from '../identity-user.ts';
import type { World } from '../world.ts';
import { identityPort } from './identity-port.ts';
import { MAIN_PORT } from './main-port.ts';
import { OPS_PORT } from './ops-port.ts';

/**
 * The requests.
 * @throws TypeError when a route of the daemon has no example, or an example no route
 */
export async function requestExamples({
  pool,
  ports,
  routes,
}: Pick<World, 'pool' | 'ports' | 'routes'>): Promise<readonly RequestExample[]> {
  const user = await registerIdentityUser(pool, ports.identity);
  const examples = [...MAIN_PORT, ...OPS_PORT, ...identityPort(user)];
  const served = new Set(routes());
  const shown = new Set(examples.map(({ route }) => route));
  const faults = [
    ...[...served].filter((route) => !shown.has(route)).map((route) => `no example of ${route}`),
    ...[...shown].filter((route) => !served.has(route)).map((route) => `no route ${route}`),
  ];
  if (faults.length > 0) throw new TypeError(faults.join('; '));
  return examples;
}
