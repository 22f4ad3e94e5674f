// The table of Communications that wait for their conversation to open.
import type { FhirReference } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** A Communication that waits, in the version in which it was seen. */
export interface HeldCommunication {
  readonly reference: FhirReference;
  readonly versionId: string;
}

/** Remembers a Communication until its conversation opens. */
export async function holdCommunication(
  db: Queryable,
  request: FhirReference,
  { reference, versionId }: HeldCommunication,
): Promise<void> {
  await db.query(
    `insert into held_communication (request, reference, version_id) values ($1, $2, $3)
     on conflict (request, reference) do update set version_id = excluded.version_id`,
    [request, reference, versionId],
  );
}

/** The Communications that wait for a conversation, oldest version stamp first where the ledger knows it. */
export async function findHeldCommunications(
  db: Queryable,
  request: FhirReference,
): Promise<readonly HeldCommunication[]> {
  const { rows } = await db.query<{ reference: FhirReference; version_id: string }>(
    `select h.reference, h.version_id from held_communication h
     left join resource_version v on v.reference = h.reference and v.version_id = h.version_id
     where request = $1 order by v.last_updated nulls first, h.reference`,
    [request],
  );
  return rows.map((row) => ({ reference: row.reference, versionId: row.version_id }));
}

/** Forgets the Communications of a conversation that now wait in the inbox instead. */
export async function releaseHeldCommunications(
  db: Queryable,
  request: FhirReference,
  held: readonly HeldCommunication[],
): Promise<void> {
  await db.query('delete from held_communication where request = $1 and reference = any ($2)', [
    request,
    held.map(({ reference }) => reference),
  ]);
}
