// The tables of identities: finds people by third-party identifier, name or Matrix user id.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import { columnsOf, select, selectFirst, type Queryable } from './database.ts';

/** A third-party identifier in its canonical form. */
export interface IdentityAddress {
  readonly medium: string;
  readonly address: string;
}

/** A person that a look-up finds. */
export interface IdentityPerson {
  readonly userId: MatrixUserId;
  readonly displayName: string | undefined;
  readonly reference: FhirReference | undefined;
  readonly addresses: readonly IdentityAddress[];
}

/** The user ids of each address, in the given order: none if it is unknown, several if it is ambiguous. */
export async function findUsersAt(
  db: Queryable,
  addresses: readonly IdentityAddress[],
): Promise<readonly (readonly MatrixUserId[])[]> {
  // Prepared, because every look-up runs it and planning costs more than running it.
  const text = `
    select asked.position::int, array_agg(distinct identity.user_id) as user_ids
    from unnest($1::text[], $2::text[]) with ordinality as asked (medium, address, position)
    join identity on identity.medium = asked.medium and identity.address = asked.address
    group by asked.position`;
  const rows = await select<{ position: number; userIds: MatrixUserId[] }>(
    db,
    { name: 'identity-users-at', text },
    columnsOf(addresses, 'medium', 'address'),
  );
  const found = new Map(rows.map(({ position, userIds }) => [position, userIds]));
  return addresses.map((_, index) => found.get(index + 1) ?? []);
}

/** Merges the records of one user. The name comes from the record with the lowest directory and key. */
const PERSON = `select distinct on (person.user_id) person.user_id, person.display_name, person.reference,
    (select coalesce(jsonb_agg(distinct jsonb_build_object('medium', medium, 'address', address)), '[]')
     from identity_person as own join identity using (directory, record)
     where own.user_id = person.user_id) as addresses
  from identity_person as person`;

/** The most records that a search looks at: thousands of names may begin with the same two letters. */
const CANDIDATES = 500;

const PEOPLE_BY_NAME = `
  with candidate as (
    select word.directory, word.record from identity_word as word
    where word.word >= $1 and word.word < $1 || chr(1114111) and not exists
      (select from unnest($2::text[]) as asked (beginning) where not exists
        (select from identity_word as other
         where other.directory = word.directory and other.record = word.record
           and starts_with(other.word, asked.beginning)))
    order by word.word, word.directory, word.record limit ${CANDIDATES}
  ), matched as (
    select distinct on (person.user_id) person.directory, person.record, person.user_id, person.display_name
    from candidate join identity_person as person using (directory, record)
    order by person.user_id, person.directory, person.record
  ), chosen as (
    select directory, record from matched order by display_name, user_id limit $3
  )
  select * from (${PERSON} join chosen using (directory, record) order by person.user_id) as people
  order by display_name, user_id`;

/**
 * The people whose names have a word for each of the beginnings, sorted by name.
 * @param beginnings words or parts of words, as `identity_word` holds them
 */
export async function findPeopleByName(
  db: Queryable,
  beginnings: readonly string[],
  limit: number,
): Promise<readonly IdentityPerson[]> {
  // The longest beginning finds the fewest records. The others are compared with the words of those.
  const [longest, ...others] = beginnings.toSorted((a, b) => b.length - a.length);
  if (longest === undefined) return [];
  const statement = { name: 'identity-people-by-name', text: PEOPLE_BY_NAME };
  return select<IdentityPerson>(db, statement, [longest, others, limit]);
}

/** The person of a Matrix user id. */
export async function findPersonOf(db: Queryable, userId: MatrixUserId): Promise<IdentityPerson | undefined> {
  const sql = `${PERSON} where person.user_id = $1 order by person.user_id, person.directory, person.record`;
  return selectFirst<IdentityPerson>(db, sql, [userId]);
}
