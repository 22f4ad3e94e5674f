// The people of a Matrix user id: all references of the person, and their present account.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import { select, selectColumn, type Queryable } from './database.ts';

/** All references to the person of this account: a Practitioner and their roles. */
export async function findPeopleByUserId(
  db: Queryable,
  userId: MatrixUserId,
): Promise<ReadonlySet<FhirReference>> {
  const sql = 'select reference from person where user_id = $1';
  return new Set(await selectColumn<FhirReference>(db, sql, [userId]));
}

/** The people who had this account, or have it only from an operator, with the present account of each. */
export async function findMovedPeople(
  db: Queryable,
  userId: MatrixUserId,
): Promise<readonly { readonly reference: FhirReference; readonly userId: MatrixUserId }[]> {
  return select(
    db,
    `select reference, user_id from person
     where user_id <> $1
       and (stored_user_id = $1
            or exists (select from former_account f where f.reference = person.reference and f.user_id = $1))
     order by reference not like 'Practitioner/%', reference`,
    [userId],
  );
}
