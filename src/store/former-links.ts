// Links of Communications whose reference a restored server has given to others.
import type { FhirReference } from '../domain/ids.ts';
import { countRows, selectColumn, type Queryable } from './database.ts';

/** The stamp of the first version of the Communication that was carried under this reference; undefined where it is not known. */
export async function findSince(db: Queryable, communication: FhirReference): Promise<Date | undefined> {
  const sql = `select communication_since from message_link
    where communication = $1 and communication_since is not null order by id desc limit 1`;
  return (await selectColumn<Date>(db, sql, [communication]))[0];
}

/** Takes a Communication off its links, which are of another that had its reference. Its events stay, unrecorded. */
export async function detachLinks(db: Queryable, communication: FhirReference): Promise<void> {
  await db.query('update message_link set communication = null where communication = $1', [communication]);
}

/** Whether an effect of this cause was made. */
export async function wasCompleted(db: Queryable, cause: string): Promise<boolean> {
  const sql = 'select from message_link where cause = $1 and completed_at is not null limit 1';
  return (await countRows(db, sql, [cause])) > 0;
}
