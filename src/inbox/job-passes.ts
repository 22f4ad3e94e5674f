// The table of passes: what came of each job's last ones, for every replica to read, whichever makes them.
import type { Clock } from '../domain/clock.ts';
import type { Queryable } from './database.ts';

/** Notes how a pass ended. */
export type NotePass = (job: string, result: 'ok' | 'failed') => Promise<void>;

/** What is known of a job's passes. */
export interface Passes {
  /** How long ago the last good one ended, by the clock of the database; undefined before the first. */
  readonly goodSecondsAgo: number | undefined;
  /** How many have failed since. */
  readonly failures: number;
}

/** Readers pass several times a second. */
const NOTED_FOR_MS = 15_000;

/** Creates the notes. A good pass so soon after another that was noted is not written. */
export function createPassNotes(db: Queryable, clock: Pick<Clock, 'monotonicMs'>): NotePass {
  const notedGood = new Map<string, number>();
  return async (job, result) => {
    if (result === 'failed') {
      notedGood.delete(job);
      await db.query(noteFailed, [job]);
      return;
    }
    const nowMs = clock.monotonicMs();
    const notedMs = notedGood.get(job);
    if (notedMs !== undefined && nowMs - notedMs < NOTED_FOR_MS) return;
    await db.query(noteGood, [job]);
    notedGood.set(job, nowMs);
  };
}

const noteGood = `
  insert into job_pass (job, passed_at) values ($1, now())
  on conflict (job) do update set passed_at = now(), failures = 0`;
const noteFailed = `
  insert into job_pass (job, failures) values ($1, 1)
  on conflict (job) do update set failures = job_pass.failures + 1`;

/** The passes of each job that has made one. */
export async function readPasses(db: Queryable): Promise<ReadonlyMap<string, Passes>> {
  const { rows } = await db.query<{ job: string; ago: number | null; failures: number }>(
    'select job, extract(epoch from now() - passed_at)::float8 as ago, failures from job_pass',
  );
  return new Map(rows.map(({ job, ago, failures }) => [job, { goodSecondsAgo: ago ?? undefined, failures }]));
}
