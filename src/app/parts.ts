// What nearly every part of the process is put together from.
import type { Pool } from 'pg';
import type { Config } from '../config/schema.ts';
import type { Clock, Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Made once, when the process starts. */
export interface Parts {
  readonly config: Config;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: Metrics;
}
