// What the jobs in this folder are: each runs on one replica at a time.
import type { Job } from '../inbox/job.ts';

export interface BridgeJob extends Job {
  /** The service of `/health` that is degraded while the job stands still. */
  readonly service: 'matrix' | 'fhir' | 'directories' | 'audit' | 'database';
  /** How old its last good pass may become, in milliseconds; without it, three intervals and a minute. */
  readonly lateAfterMs?: number;
  /** Whether it has nothing to do with the homeserver, and need not wait until the bot is registered there. */
  readonly withoutBot?: true;
}
