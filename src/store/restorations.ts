// The table of what was restored to an earlier state: this database, or a server.
import type { FhirReference } from '../domain/ids.ts';
import { countRows, select, selectColumn, selectFirst, type Queryable } from './database.ts';

/** What can go back to an earlier state, by the names of the services in `/health`. */
export const RESTORABLE = ['database', 'fhir', 'matrix'] as const;
export type Restorable = (typeof RESTORABLE)[number];

/** A restoration after which not all spaces and rooms were compared yet. */
export interface OpenRestoration {
  readonly what: Restorable;
  readonly noticedAt: Date;
  /** The last resource that was compared; empty before the first. */
  readonly reconciledUpTo: FhirReference | '';
}

/** Notes that something was restored, just now: all is to be compared, from the beginning. */
export async function noteRestoration(db: Queryable, what: Restorable): Promise<void> {
  const sql = `insert into restoration (what) values ($1)
    on conflict (what) do update set noticed_at = default, reconciled_up_to = '', reconciled_at = null`;
  await db.query(sql, [what]);
}

/** When it was noticed last that this was restored; undefined where it never was. */
export async function findNoticed(db: Queryable, what: Restorable): Promise<Date | undefined> {
  return (await selectColumn<Date>(db, 'select noticed_at from restoration where what = $1', [what]))[0];
}

/** The restorations after which not all was compared yet, the oldest first. */
export async function findOpen(db: Queryable): Promise<readonly OpenRestoration[]> {
  const sql = `select what, noticed_at, reconciled_up_to from restoration
    where reconciled_at is null order by noticed_at, what`;
  return select<OpenRestoration>(db, sql);
}

/**
 * Whether rooms that the bridge made may be missing from the tables of rooms still: one is being made, or will be; or this database was
 * restored, and not all is compared and read again yet.
 * @param reader that brings conversations
 * @param lanes what the keys of lanes begin with in which spaces and rooms are made, before the reference
 */
export async function mayLackRooms(
  db: Queryable,
  { reader, lanes }: { readonly reader: string; readonly lanes: string },
): Promise<boolean> {
  const sql = `select where exists (select from room where room_id is null)
    or exists (
      select from restoration where what = 'database' and (reconciled_at is null
        or not exists (select from reader_cursor where reader = $1 and advanced_at > noticed_at)))
    or exists (
      select from lane where ready_at is not null and head < tail and starts_with(key, $2)
        and not exists (select from room where $2 || reference = key))`;
  return (await countRows(db, sql, [reader, lanes])) === 1;
}

/** Notes up to which resource all was compared; undefined says that it was the last. A newer restoration begins anew. */
export async function saveReconciled(
  db: Queryable,
  { what, noticedAt }: Pick<OpenRestoration, 'noticedAt' | 'what'>,
  upTo: FhirReference | undefined,
): Promise<void> {
  const sql = `update restoration
    set reconciled_up_to = coalesce($3, reconciled_up_to), reconciled_at = case when $3::text is null then now() end
    where what = $1 and noticed_at = $2`;
  await db.query(sql, [what, noticedAt, upTo]);
}

/** The number that both this database and the homeserver hold; 0 before the first. */
export async function readNumber(db: Queryable): Promise<number> {
  const found = await selectFirst<{ number: number }>(db, 'select number::float8 from continuity');
  return found?.number ?? 0;
}

/** Raises the number to this; it never goes down. @returns whether it was lower */
export async function raiseNumber(db: Queryable, to: number): Promise<boolean> {
  const sql = `insert into continuity as known (number) values ($1)
    on conflict (id) do update set number = excluded.number where known.number < excluded.number`;
  return (await countRows(db, sql, [to])) === 1;
}
