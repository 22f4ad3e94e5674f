// The ledger of FHIR resource versions that the bridge read or wrote.
import type { ResourceVersion } from '../domain/fhir.ts';
import type { FhirReference } from '../domain/ids.ts';
import { columnsOf, countRows, select, selectColumn, type Queryable } from './database.ts';

/**
 * Inserts versions that were read.
 * @returns the versions that were not in the ledger, in the given order
 */
export async function recordRead(
  db: Queryable,
  versions: readonly ResourceVersion[],
): Promise<readonly ResourceVersion[]> {
  const inserted = await selectColumn<string>(
    db,
    `insert into resource_version (reference, version_id, last_updated, origin)
     select *, 'read' from unnest($1::text[], $2::text[], $3::timestamptz[])
     on conflict do nothing returning reference || '/' || version_id`,
    columnsOf(versions, 'reference', 'versionId', 'lastUpdated'),
  );
  const isNew = new Set(inserted);
  return versions.filter(({ reference, versionId }) => isNew.has(`${reference}/${versionId}`));
}

/** Records a version that the bridge itself wrote, so that it is ignored when it is read. */
export async function recordWritten(db: Queryable, version: ResourceVersion): Promise<void> {
  const sql = `insert into resource_version (reference, version_id, last_updated, origin) values ($1, $2, $3, 'written')
    on conflict (reference, version_id) do update set origin = 'written'`;
  await db.query(sql, [version.reference, version.versionId, version.lastUpdated]);
}

/** Whether the bridge itself wrote this version. */
export async function wasWritten(db: Queryable, reference: string, versionId: string): Promise<boolean> {
  const sql = `select from resource_version where reference = $1 and version_id = $2 and origin = 'written'`;
  return (await countRows(db, sql, [reference, versionId])) === 1;
}

/** The latest versions of the resources in the ledger that are newer than the given ones; undefined is older than all. */
export async function findNewerThan(
  db: Queryable,
  stamps: ReadonlyMap<FhirReference, string | undefined>,
): Promise<readonly { readonly reference: FhirReference; readonly versionId: string }[]> {
  const sql = `select distinct on (reference) reference, version_id
    from resource_version
    join unnest($1::text[], $2::timestamptz[]) as known (reference, last_updated) using (reference)
    where known.last_updated is null or resource_version.last_updated > known.last_updated
    order by reference, resource_version.last_updated desc`;
  return select(db, sql, [[...stamps.keys()], [...stamps.values()]]);
}

/** Removes versions that no overlap can show again. */
export async function forgetVersionsBefore(
  db: Queryable,
  resourceType: string,
  instant: string,
): Promise<void> {
  const sql = `delete from resource_version where last_updated < $2 and reference like $1 || '/%'`;
  await db.query(sql, [resourceType, instant]);
}
