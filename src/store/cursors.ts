// The table of cursors: how far each reader has read.
import type { Queryable } from './database.ts';

/** The position of a reader; undefined before its first pass. */
export async function readCursor(db: Queryable, reader: string): Promise<string | undefined> {
  const { rows } = await db.query<{ position: string }>(
    'select position from reader_cursor where reader = $1',
    [reader],
  );
  return rows[0]?.position;
}

/** Moves a reader's cursor. Call it in the transaction that stores what was read up to it. */
export async function saveCursor(db: Queryable, reader: string, position: string): Promise<void> {
  await db.query(
    `insert into reader_cursor (reader, position) values ($1, $2)
     on conflict (reader) do update set position = $2, advanced_at = now()`,
    [reader, position],
  );
}

/** When each reader last finished a pass, as ISO instants. */
export async function readAdvances(db: Queryable): Promise<Readonly<Record<string, string>>> {
  const { rows } = await db.query<{ reader: string; advanced_at: Date }>(
    'select reader, advanced_at from reader_cursor order by reader',
  );
  return Object.fromEntries(rows.map((row) => [row.reader, row.advanced_at.toISOString()]));
}
