// Removes the content of dead letters once they are old, and the letters themselves later.
import type { Queryable } from './database.ts';

/**
 * Empties dead letters given up on before an instant, at most `batch` of them: they cannot be tried again any more, but an operator
 * still reads what they were. @returns how many
 */
export async function emptyDeadLetters(db: Queryable, before: Date, batch: number): Promise<number> {
  return (await db.query(empty, [before, batch])).rowCount ?? 0;
}

/** Removes dead letters given up on before an instant, at most `batch` of them. @returns how many */
export async function removeDeadLetters(db: Queryable, before: Date, batch: number): Promise<number> {
  return (await db.query(remove, [before, batch])).rowCount ?? 0;
}

/** The item that the letter was copied from has the content as well, if not pruned yet. */
const empty = `
  with old as (
    select id from dead_letter where given_up_at < $1 and emptied_at is null
    order by given_up_at limit $2 for update skip locked
  ), emptied as (
    update dead_letter set payload = '{}', emptied_at = now() from old where dead_letter.id = old.id
    returning lane_id, position
  ), items as (
    update item set payload = '{}' from emptied
    where item.lane_id = emptied.lane_id and item.position = emptied.position
  )
  select from emptied`;

const remove = `
  delete from dead_letter where id in (
    select id from dead_letter where given_up_at < $1 order by given_up_at limit $2 for update skip locked
  )`;
