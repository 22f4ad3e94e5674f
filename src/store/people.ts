// The tables of people and ghosts: who a FHIR person is in Matrix, and back.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** Who a person is in Matrix. */
export interface PersonRow {
  readonly reference: FhirReference;
  readonly userId: MatrixUserId;
  readonly kind: 'user' | 'ghost';
}

/** Records who a person is in Matrix. */
export async function savePerson(db: Queryable, { reference, userId, kind }: PersonRow): Promise<void> {
  // Unchanged rows are not rewritten: this runs for every member at every convergence.
  await db.query(
    `insert into person (reference, user_id, kind) values ($1, $2, $3)
     on conflict (reference) do update set user_id = $2, kind = $3, updated_at = now()
     where (person.user_id, person.kind) is distinct from ($2, $3)`,
    [reference, userId, kind],
  );
}

/**
 * The person behind a Matrix user id. Where several resources bear it (a Practitioner and their roles), the
 * Practitioner stands for them all.
 */
export async function findPersonByUserId(
  db: Queryable,
  userId: MatrixUserId,
): Promise<FhirReference | undefined> {
  const { rows } = await db.query<{ reference: FhirReference }>(
    `select reference from person where user_id = $1
     order by reference not like 'Practitioner/%', updated_at desc, reference limit 1`,
    [userId],
  );
  return rows[0]?.reference;
}

/** The display name under which a ghost was registered; undefined when it was not. */
export async function findGhost(
  db: Queryable,
  userId: MatrixUserId,
): Promise<{ displayName: string | undefined } | undefined> {
  const { rows } = await db.query<{ display_name: string | null }>(
    'select display_name from ghost where user_id = $1',
    [userId],
  );
  return rows.map((row) => ({ displayName: row.display_name ?? undefined }))[0];
}

/** Records that a ghost is registered, has its device and shows this name. */
export async function saveGhost(db: Queryable, userId: MatrixUserId, displayName: string): Promise<void> {
  await db.query(
    `insert into ghost (user_id, display_name) values ($1, $2)
     on conflict (user_id) do update set display_name = $2`,
    [userId, displayName],
  );
}
