// The table of cursors: how far each reader has read.
import { select, selectColumn, selectFirst, type Queryable } from './database.ts';

/** The position of a reader; undefined before its first pass. */
export async function readCursor(db: Queryable, reader: string): Promise<string | undefined> {
  const sql = 'select position from reader_cursor where reader = $1';
  return (await selectColumn<string>(db, sql, [reader]))[0];
}

/** The position of a reader, and how long ago it was saved, in milliseconds; undefined before its first pass. */
export async function readAgedCursor(
  db: Queryable,
  reader: string,
): Promise<{ readonly position: string; readonly ageMs: number } | undefined> {
  const sql = `select position, (extract(epoch from now() - advanced_at) * 1000)::float8 as age_ms
    from reader_cursor where reader = $1`;
  return selectFirst(db, sql, [reader]);
}

/** Moves a reader's cursor. Call it in the transaction that stores what was read up to it. */
export async function saveCursor(db: Queryable, reader: string, position: string): Promise<void> {
  const sql = `insert into reader_cursor (reader, position) values ($1, $2)
    on conflict (reader) do update set position = $2, advanced_at = now()`;
  await db.query(sql, [reader, position]);
}

/** Sets back the cursors that are later than an instant. */
export async function setBack(db: Queryable, readers: readonly string[], instant: string): Promise<void> {
  const sql = `update reader_cursor set position = $2::text
    where reader = any ($1) and position::timestamptz > $2::text::timestamptz`;
  await db.query(sql, [readers, instant]);
}

/** When a reader last finished a pass; undefined before its first. */
export async function findAdvanced(db: Queryable, reader: string): Promise<Date | undefined> {
  return (
    await selectColumn<Date>(db, 'select advanced_at from reader_cursor where reader = $1', [reader])
  )[0];
}

/** When each reader last finished a pass, as ISO instants. */
export async function readAdvances(db: Queryable): Promise<Readonly<Record<string, string>>> {
  const sql = 'select reader, advanced_at from reader_cursor order by reader';
  const advances = await select<{ reader: string; advancedAt: Date }>(db, sql);
  return Object.fromEntries(advances.map(({ reader, advancedAt }) => [reader, advancedAt.toISOString()]));
}
