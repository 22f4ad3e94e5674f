// Begins to work as soon as the database answers, in a schema that this version can work with; waits for that, however long it takes.
import type { Sleep } from '../domain/clock.ts';
import { TransactionPoolerError } from '../inbox/errors.ts';
import { SchemaTooNewError } from '../store/migrate.ts';
import type { Log } from '../telemetry/log.ts';

interface Steps<Working> {
  /** Brings the schema up to date. @returns the names of the migrations that were applied */
  readonly migrate: () => Promise<readonly string[]>;
  readonly begin: () => Promise<Working>;
  readonly sleep: Sleep;
  readonly log: Log;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Begins to work.
 * @throws TransactionPoolerError when the database is behind a pooler that it cannot work through
 */
export async function untilWorking<Working>(steps: Steps<Working>, signal: AbortSignal): Promise<Working> {
  const { migrate, begin, sleep, log } = steps;
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      const applied = await migrate();
      if (applied.length > 0) log.info({ applied }, 'Migrated the database');
      return await begin();
    } catch (error) {
      if (error instanceof TransactionPoolerError) throw error;
      // A replica that restarts while a newer version is rolled out: it is replaced soon, or the newer version is taken back.
      if (error instanceof SchemaTooNewError)
        log.error({ error }, 'The database is of a newer version; waiting for it to be one of this');
      else log.warn({ error }, 'The database does not answer yet; trying again');
      await sleep(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS), signal);
    }
  }
}
