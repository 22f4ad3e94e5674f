// Named leases: something that runs on one replica at a time, and moves to another when that one ends.
import type { Sleep } from '../domain/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Session } from './session.ts';

/** Runs while its replica holds the lease; has to end soon after `signal` is aborted. */
export type RunJob = (signal: AbortSignal) => Promise<void>;

export interface JobLeaseDeps {
  readonly currentSession: () => Session | undefined;
  readonly sleep: Sleep;
  readonly log: Log;
  /** Between two tries to get the lease. */
  readonly tryEveryMs: number;
  /** Aborted when the replica is to stop. */
  readonly stopping: AbortSignal;
}

/** First half of the advisory locks on names; the second half is a hash of the name. */
const leaseLocks = 0x0f42;
const tryLock = 'select pg_try_advisory_lock($1, hashtext($2)) as got';
const unlock = 'select pg_advisory_unlock($1, hashtext($2))';

/** Tries to get the lease and runs `run` when it has it, again and again until the replica stops. Never rejects. */
export async function keepJobLease(deps: JobLeaseDeps, name: string, run: RunJob): Promise<void> {
  while (!deps.stopping.aborted) {
    const session = deps.currentSession();
    if (session && !session.signal.aborted) await runIfFree(deps, session, name, run);
    await deps.sleep(deps.tryEveryMs, deps.stopping);
  }
}

async function runIfFree(deps: JobLeaseDeps, session: Session, name: string, run: RunJob): Promise<void> {
  const ended = AbortSignal.any([session.signal, deps.stopping]);
  try {
    const { rows } = await session.database.query<{ got: boolean }>(tryLock, [leaseLocks, name]);
    if (rows[0]?.got !== true) return;
    deps.log.info({ lease: name, replica: session.replica }, 'Got a lease');
    try {
      await run(ended);
    } finally {
      // Others may have more luck with it than we.
      if (!session.signal.aborted) await session.database.query(unlock, [leaseLocks, name]);
    }
  } catch (error) {
    if (!ended.aborted) deps.log.error({ lease: name, error }, 'Work under a lease failed');
  }
}
