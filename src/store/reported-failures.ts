// The table of messages of whose failure their sender, or the platform, was told.
import type { EventId, FhirReference } from '../domain/ids.ts';
import { countRows, selectColumn, type Queryable } from './database.ts';

/** A message of either side. */
export type FailedMessage = EventId | FhirReference;

/** Records that a message failed, and why. */
export async function saveFailure(db: Queryable, message: FailedMessage, reason: string): Promise<void> {
  const sql = `insert into reported_failure (message, reason) values ($1, $2)
    on conflict (message) do update set reason = excluded.reason, reported_at = now()`;
  await db.query(sql, [message, reason]);
}

/** Records that a message succeeded. @returns whether it had failed before */
export async function endFailure(db: Queryable, message: FailedMessage): Promise<boolean> {
  const sql = 'update reported_failure set reason = null where message = $1 and reason is not null';
  return (await countRows(db, sql, [message])) === 1;
}

/** The Task by which a platform was told; undefined if it was not yet. */
export async function findFailureTask(
  db: Queryable,
  message: FailedMessage,
): Promise<FhirReference | undefined> {
  const sql = 'select task from reported_failure where message = $1 and task is not null';
  return (await selectColumn<FhirReference>(db, sql, [message]))[0];
}

/** Records the Task by which a platform was told. */
export async function saveFailureTask(
  db: Queryable,
  message: FailedMessage,
  task: FhirReference,
): Promise<void> {
  await db.query('update reported_failure set task = $2 where message = $1', [message, task]);
}
