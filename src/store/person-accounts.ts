// The people of a Matrix user id: all references of the person, and their present account.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** All references to the person of this account: a Practitioner and their roles. */
export async function findPeopleByUserId(
  db: Queryable,
  userId: MatrixUserId,
): Promise<ReadonlySet<FhirReference>> {
  const { rows } = await db.query<{ reference: FhirReference }>(
    'select reference from person where user_id = $1',
    [userId],
  );
  return new Set(rows.map((row) => row.reference));
}

/** The people who had this account, or have it only from an operator, with the present account of each. */
export async function findMovedPeople(
  db: Queryable,
  userId: MatrixUserId,
): Promise<readonly { readonly reference: FhirReference; readonly userId: MatrixUserId }[]> {
  const { rows } = await db.query<{ reference: FhirReference; user_id: MatrixUserId }>(
    `select reference, user_id from person
     where user_id <> $1
       and (stored_user_id = $1
            or exists (select from former_account f where f.reference = person.reference and f.user_id = $1))
     order by reference not like 'Practitioner/%', reference`,
    [userId],
  );
  return rows.map((row) => ({ reference: row.reference, userId: row.user_id }));
}
