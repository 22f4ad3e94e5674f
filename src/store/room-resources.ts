// What is known of the resource that a room was made for: its version at the last convergence, and since when it is gone.
import type { FhirReference, RoomAlias } from '../domain/ids.ts';
import { countRows, selectColumn, selectFirst, type Queryable } from './database.ts';

/** The resource of a room, as it was. */
export interface KnownResource {
  readonly alias: RoomAlias;
  readonly subject: FhirReference | undefined;
  /** As `3@2026-11-30T09:00:00.000Z`; undefined where it is not known. */
  readonly version: string | undefined;
  /** The stamp of its first version; undefined where it is not known. */
  readonly since: Date | undefined;
  /** When the room was finished. */
  readonly readyAt: Date | undefined;
}

/** The resource of a room; undefined where there is no room. */
export async function findKnownResource(
  db: Queryable,
  reference: FhirReference,
): Promise<KnownResource | undefined> {
  const sql = `select alias, subject, resource_version as version, resource_since as since, ready_at
    from room where reference = $1 and room_id is not null`;
  return selectFirst<KnownResource>(db, sql, [reference]);
}

/** Records the version of a room's resource. That the resource is there is so recorded too. */
export async function saveKnownResource(
  db: Queryable,
  reference: FhirReference,
  { version, since }: { readonly version: string; readonly since: string | undefined },
): Promise<void> {
  const sql = `update room
    set resource_version = $2, resource_since = coalesce($3, resource_since), gone_since = null
    where reference = $1 and (resource_version is distinct from $2 or gone_since is not null)`;
  await db.query(sql, [reference, version, since]);
}

/** Records that the resource of a room is gone. @returns since when; undefined where there is no room */
export async function markGone(
  db: Queryable,
  reference: FhirReference,
  now: Date,
): Promise<Date | undefined> {
  const sql = `update room set gone_since = coalesce(gone_since, $2)
    where reference = $1 and room_id is not null returning gone_since`;
  return (await selectColumn<Date>(db, sql, [reference, now]))[0];
}

/** How many rooms have lost their resource and still have their members. */
export async function countGone(db: Queryable): Promise<number> {
  return countRows(db, `select from room where gone_since is not null and phase <> 'closed'`);
}

/** Those of these resources that have a room. */
export async function findWithRoom(
  db: Queryable,
  references: readonly FhirReference[],
): Promise<readonly FhirReference[]> {
  const sql = 'select reference from room where reference = any ($1) and room_id is not null';
  return selectColumn<FhirReference>(db, sql, [references]);
}
