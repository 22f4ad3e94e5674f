// The table of cursors: how far each reader has read.
import type { Queryable } from './database.ts';

/** Where a reader stands; undefined before its first pass. */
export async function readCursor(db: Queryable, reader: string): Promise<string | undefined> {
  const { rows } = await db.query<{ position: string }>('select position from reader_cursor where reader = $1', [
    reader,
  ]);
  return rows[0]?.position;
}

/** Moves a reader's cursor; in the transaction that stores what was read up to it. */
export async function saveCursor(db: Queryable, reader: string, position: string): Promise<void> {
  await db.query(
    `insert into reader_cursor (reader, position) values ($1, $2)
     on conflict (reader) do update set position = $2, advanced_at = now()`,
    [reader, position],
  );
}
