// For commands that work with the parts of the bridge, beside the daemon that runs: they are put together, and taken apart afterwards.
import { clock } from '../app/clock.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Bridge } from '../flows/bridge.ts';
import { createConnections } from '../store/connections.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';

/**
 * Runs `work` with the bridge of a configuration; Ctrl-C and SIGTERM abort the signal.
 * @param file the configuration file; undefined looks where `run` looks
 * @throws ConfigError when the configuration is faulty
 */
export async function withBridge<T>(
  file: string | undefined,
  work: (bridge: Bridge, config: Config, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(file, process.env);
  // Loaded here, so that the light commands do not load the clients.
  const { composeBridge } = await import('../app/bridge.ts');
  const connections = createConnections(config.database.url, config.database.poolSize);
  const log = createLogger('error');
  const { bridge, close } = composeBridge(config, { clock, connections, log, metrics: createMetrics() });
  const stop = new AbortController();
  const abort = (): void => {
    stop.abort();
  };
  process.once('SIGINT', abort).once('SIGTERM', abort);
  try {
    return await work(bridge, config, stop.signal);
  } finally {
    await close();
    await connections.pool.end();
  }
}
