// What the jobs in this folder are: each runs on one replica at a time.
import type { Job } from '../inbox/job.ts';

export interface BridgeJob extends Job {
  /** Whether it has nothing to do with the homeserver, and need not wait until the bot is registered there. */
  readonly withoutBot?: true;
}
