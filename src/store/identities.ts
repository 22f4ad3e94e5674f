// The tables of identities: whom a third-party identifier, a name or a Matrix user id finds.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** A third-party identifier in its canonical form. */
export interface IdentityAddress {
  readonly medium: string;
  readonly address: string;
}

/** A person as a look-up finds them. */
export interface IdentityPerson {
  readonly userId: MatrixUserId;
  readonly displayName: string | undefined;
  readonly reference: FhirReference | undefined;
  readonly addresses: readonly IdentityAddress[];
}

/** The user ids at each of the addresses, in the order asked; none where nobody is known, several where it is ambiguous. */
export async function findUsersAt(
  db: Queryable,
  addresses: readonly IdentityAddress[],
): Promise<readonly (readonly MatrixUserId[])[]> {
  // A prepared statement: it is the one of every look-up, and planning it costs more than running it.
  const { rows } = await db.query<{ position: string; user_ids: MatrixUserId[] }>({
    name: 'identity-users-at',
    text: `select asked.position, array_agg(distinct identity.user_id) as user_ids
      from unnest($1::text[], $2::text[]) with ordinality as asked (medium, address, position)
      join identity on identity.medium = asked.medium and identity.address = asked.address
      group by asked.position`,
    values: [addresses.map(({ medium }) => medium), addresses.map(({ address }) => address)],
  });
  const found = new Map(rows.map((row) => [Number(row.position), row.user_ids]));
  return addresses.map((_, index) => found.get(index + 1) ?? []);
}

interface Columns {
  user_id: MatrixUserId;
  display_name: string | null;
  reference: FhirReference | null;
  addresses: IdentityAddress[] | null;
}

const fromColumns = (row: Columns): IdentityPerson => ({
  userId: row.user_id,
  displayName: row.display_name ?? undefined,
  reference: row.reference ?? undefined,
  addresses: row.addresses ?? [],
});

/** One row per user: several records of one user are put together, the lowest directory and record giving the name. */
const PERSON = `select distinct on (person.user_id) person.user_id, person.display_name, person.reference,
    (select jsonb_agg(distinct jsonb_build_object('medium', medium, 'address', address))
     from identity_person as own join identity using (directory, record)
     where own.user_id = person.user_id) as addresses
  from identity_person as person`;

/** How many records are looked at before those to return are chosen: what begins with two letters may be thousands. */
const CANDIDATES = 500;

/**
 * The people whose names have, for each of the beginnings, a word that begins so; by name, among the first candidates.
 * @param beginnings words or parts of words, as `identity_word` holds them
 */
export async function findPeopleByName(
  db: Queryable,
  beginnings: readonly string[],
  limit: number,
): Promise<readonly IdentityPerson[]> {
  // The longest one finds the fewest; the others are compared with the few words of each record found.
  const [longest, ...others] = beginnings.toSorted((a, b) => b.length - a.length);
  if (longest === undefined) return [];
  const { rows } = await db.query<Columns>({
    name: 'identity-people-by-name',
    text: `with candidate as (
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
      order by display_name, user_id`,
    values: [longest, others, limit],
  });
  return rows.map(fromColumns);
}

/** What is known of a user. */
export async function findPersonOf(db: Queryable, userId: MatrixUserId): Promise<IdentityPerson | undefined> {
  const { rows } = await db.query<Columns>(
    `${PERSON} where person.user_id = $1 order by person.user_id, person.directory, person.record`,
    [userId],
  );
  return rows.map(fromColumns)[0];
}
