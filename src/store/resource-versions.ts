// The ledger of FHIR resource versions that the bridge read or wrote.
import type { ResourceVersion } from '../domain/fhir.ts';
import type { FhirReference } from '../domain/ids.ts';
import { columnsOf, countRows, select, selectColumn, type Queryable } from './database.ts';

/** The type of a resource, as the index of the ledger has it. */
const TYPE = `split_part(reference, '/', 1)`;

/**
 * Inserts versions that were read. One that is there with another stamp is another, of a server that was restored.
 * @returns the versions that were not in the ledger, in the given order
 */
export async function recordRead(
  db: Queryable,
  versions: readonly ResourceVersion[],
): Promise<readonly ResourceVersion[]> {
  const inserted = await selectColumn<string>(
    db,
    `insert into resource_version (reference, version_id, last_updated, origin)
     select distinct on (reference, version_id) *, 'read'
     from unnest($1::text[], $2::text[], $3::timestamptz[]) as given (reference, version_id, last_updated)
     order by reference, version_id, last_updated desc
     on conflict (reference, version_id) do update set last_updated = excluded.last_updated, origin = 'read'
     where resource_version.last_updated <> excluded.last_updated
     returning reference || '/' || version_id`,
    columnsOf(versions, 'reference', 'versionId', 'lastUpdated'),
  );
  const isNew = new Set(inserted);
  return versions.filter(({ reference, versionId }) => isNew.has(`${reference}/${versionId}`));
}

/** Records a version that the bridge itself wrote, so that it is ignored when it is read. */
export async function recordWritten(db: Queryable, version: ResourceVersion): Promise<void> {
  const sql = `insert into resource_version (reference, version_id, last_updated, origin) values ($1, $2, $3, 'written')
    on conflict (reference, version_id) do update set origin = 'written', last_updated = excluded.last_updated`;
  await db.query(sql, [version.reference, version.versionId, version.lastUpdated]);
}

/** Whether the bridge itself wrote this version. */
export async function wasWritten(db: Queryable, reference: string, versionId: string): Promise<boolean> {
  const sql = `select from resource_version where reference = $1 and version_id = $2 and origin = 'written'`;
  return (await countRows(db, sql, [reference, versionId])) === 1;
}

/** The same of a version with its stamp: a server that was put back gives out its number once more. */
export async function isWritten(
  db: Queryable,
  { reference, versionId, lastUpdated }: ResourceVersion,
): Promise<boolean> {
  const sql = `select from resource_version
    where reference = $1 and version_id = $2 and last_updated = $3 and origin = 'written'`;
  return (await countRows(db, sql, [reference, versionId, lastUpdated])) === 1;
}

/** The latest versions of the resources in the ledger that are newer than the given ones; undefined is older than all. */
export async function findNewerThan(
  db: Queryable,
  stamps: ReadonlyMap<FhirReference, string | undefined>,
): Promise<readonly ResourceVersion[]> {
  const sql = `select distinct on (reference) reference, version_id, resource_version.last_updated
    from resource_version
    join unnest($1::text[], $2::timestamptz[]) as known (reference, last_updated) using (reference)
    where known.last_updated is null or resource_version.last_updated > known.last_updated
    order by reference, resource_version.last_updated desc`;
  return (await select<StampedRow>(db, sql, [[...stamps.keys()], [...stamps.values()]])).map(versionIn);
}

/** Of each of these types the resources that were read or written last, in their latest versions. */
export async function findNewest(
  db: Queryable,
  resourceTypes: readonly string[],
  ofEach: number,
): Promise<readonly ResourceVersion[]> {
  // The sub-select is asked only of as many versions as it takes, from the newest on.
  const sql = `select newest.* from unnest($1::text[]) as of_type (name) cross join lateral (
      select reference, version_id, last_updated from resource_version as version
      where ${TYPE} = of_type.name and version_id = (
        select version_id from resource_version as other where other.reference = version.reference
        order by last_updated desc, version_id desc limit 1
      )
      order by last_updated desc limit $2
    ) as newest`;
  return (await select<StampedRow>(db, sql, [resourceTypes, ofEach])).map(versionIn);
}

/** Of a type the version that was read or written last. */
export async function findLast(db: Queryable, resourceType: string): Promise<ResourceVersion | undefined> {
  const sql = `select reference, version_id, last_updated from resource_version
    where ${TYPE} = $1 order by last_updated desc limit 1`;
  return (await select<StampedRow>(db, sql, [resourceType])).map(versionIn)[0];
}

/** Forgets all versions: they are of a state that the server does not have any more. */
export async function forgetAllVersions(db: Queryable): Promise<void> {
  await db.query('delete from resource_version');
}

type StampedRow = Omit<ResourceVersion, 'lastUpdated'> & { readonly lastUpdated: Date };

function versionIn({ reference, versionId, lastUpdated }: StampedRow): ResourceVersion {
  return { reference, versionId, lastUpdated: lastUpdated.toISOString() };
}

/** So many versions of each type stay: by them it is found out that a server was put back. */
const LEFT = 3;

/** Removes versions that are shown to no reader again, but for the newest. */
export async function forgetVersionsBefore(
  db: Queryable,
  resourceType: string,
  instant: string,
): Promise<void> {
  const sql = `delete from resource_version where ${TYPE} = $1 and last_updated < $2 and last_updated < (
      select last_updated from resource_version
      where ${TYPE} = $1 order by last_updated desc offset ${LEFT - 1} limit 1
    )`;
  await db.query(sql, [resourceType, instant]);
}
