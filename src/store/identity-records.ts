// Writes the records of directories into the tables of identities, with their hashes.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import { columnsOf, select, selectColumn, type Queryable } from './database.ts';
import type { IdentityAddress } from './identities.ts';

/** A stored record of a directory. Texts must not hold NUL or lone surrogates: PostgreSQL refuses both. */
export interface IdentityRecord {
  /** The directory's own key. */
  readonly key: string;
  readonly userId: MatrixUserId;
  readonly displayName: string | undefined;
  readonly reference: FhirReference | undefined;
  readonly addresses: readonly IdentityAddress[];
  /** The words by which a search finds the person; without words no search does. */
  readonly words: readonly string[];
}

/** Any number that nothing else on this database locks. Writers of addresses share it; the start of a pepper takes it alone. */
const HASH_LOCK = 7_239_404;

/** Keeps writers of addresses out until the end of the transaction. Later ones see the new pepper. */
export async function lockOutIdentityWriters(db: Queryable): Promise<void> {
  await db.query('select pg_advisory_xact_lock($1)', [HASH_LOCK]);
}

/** Keeps the start of a pepper out until the end of the transaction, which changes addresses. */
export async function lockAsIdentityWriter(db: Queryable): Promise<void> {
  await db.query('select pg_advisory_xact_lock_shared($1)', [HASH_LOCK]);
}

/**
 * Stores records and replaces earlier ones. Runs in the caller's transaction.
 * @param seenIn the pass over the whole directory that showed them; undefined keeps the stored one
 */
export async function saveIdentityRecords(
  db: Queryable,
  directory: string,
  records: readonly IdentityRecord[],
  seenIn: string | undefined,
): Promise<void> {
  await lockAsIdentityWriter(db);
  await savePeople(db, directory, records, seenIn);
  const keys = records.map(({ key }) => key);
  const addresses = records.flatMap(({ key, userId, addresses }) =>
    addresses.map(({ medium, address }) => ({ key, userId, medium, address })),
  );
  await saveAddresses(db, directory, keys, addresses);
  await saveWords(db, directory, records);
}

/** Removes records. Runs in the caller's transaction. */
export async function removeIdentityRecords(
  db: Queryable,
  directory: string,
  keys: readonly string[],
): Promise<void> {
  await lockAsIdentityWriter(db);
  await saveAddresses(db, directory, keys, []);
  const sql = 'delete from identity_person where directory = $1 and record = any($2::text[])';
  await db.query(sql, [directory, keys]);
}

/** The records that a pass over the whole directory did not show, in the order of their keys. */
export async function findUnseenRecords(
  db: Queryable,
  directory: string,
  pass: string,
  limit: number,
): Promise<readonly string[]> {
  const sql = `select record from identity_person where directory = $1 and seen_in is distinct from $2
    order by record limit $3`;
  return selectColumn<string>(db, sql, [directory, pass, limit]);
}

async function savePeople(
  db: Queryable,
  directory: string,
  records: readonly IdentityRecord[],
  seenIn: string | undefined,
): Promise<void> {
  await db.query(
    `insert into identity_person as known (directory, record, user_id, display_name, reference, seen_in)
     select $1, *, $6 from unnest($2::text[], $3::text[], $4::text[], $5::text[])
     on conflict (directory, record) do update
       set user_id = excluded.user_id, display_name = excluded.display_name, reference = excluded.reference,
           seen_in = coalesce(excluded.seen_in, known.seen_in), updated_at = now()
       where (known.user_id, known.display_name, known.reference, known.seen_in) is distinct from
         (excluded.user_id, excluded.display_name, excluded.reference, coalesce(excluded.seen_in, known.seen_in))`,
    [directory, ...columnsOf(records, 'key', 'userId', 'displayName', 'reference'), seenIn],
  );
}

/** Replaces the addresses of these records, and their hashes. */
async function saveAddresses(
  db: Queryable,
  directory: string,
  keys: readonly string[],
  addresses: readonly { key: string; userId: MatrixUserId; medium: string; address: string }[],
): Promise<void> {
  const columns = columnsOf(addresses, 'key', 'userId', 'medium', 'address');
  const drop = `delete from identity where directory = $1 and record = any($2::text[])
      and (record, user_id, medium, address) not in
        (select * from unnest($3::text[], $4::text[], $5::text[], $6::text[]))
    returning medium, address`;
  const dropped = await select<IdentityAddress>(db, drop, [directory, keys, ...columns]);
  const add = `insert into identity (directory, record, user_id, medium, address)
    select distinct $1, given.* from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as given
    on conflict do nothing returning medium, address`;
  const added = await select<IdentityAddress>(db, add, [directory, ...columns]);
  if (dropped.length > 0) await dropHashes(db, dropped);
  if (added.length > 0) await addHashes(db, added);
}

async function dropHashes(db: Queryable, addresses: readonly IdentityAddress[]): Promise<void> {
  const sql = `delete from identity_hash as hash using unnest($1::text[], $2::text[]) as gone (medium, address)
    where hash.medium = gone.medium and hash.address = gone.address and not exists
      (select from identity where identity.medium = hash.medium and identity.address = hash.address)`;
  await db.query(sql, columnsOf(addresses, 'medium', 'address'));
}

/** Hashes for all peppers, also the one in preparation: its batches may be past these addresses. */
async function addHashes(db: Queryable, addresses: readonly IdentityAddress[]): Promise<void> {
  const sql = `insert into identity_hash (generation, hash, medium, address)
    select distinct pepper.generation, identity_hash_of(given.address, given.medium, pepper.pepper), given.medium, given.address
    from unnest($1::text[], $2::text[]) as given (medium, address) cross join identity_pepper as pepper
    on conflict do nothing`;
  await db.query(sql, columnsOf(addresses, 'medium', 'address'));
}

async function saveWords(
  db: Queryable,
  directory: string,
  records: readonly IdentityRecord[],
): Promise<void> {
  const words = records.flatMap(({ key, words }) => [...new Set(words)].map((word) => ({ key, word })));
  const columns = columnsOf(words, 'key', 'word');
  const drop = `delete from identity_word where directory = $1 and record = any($2::text[])
      and (record, word) not in (select * from unnest($3::text[], $4::text[]))`;
  await db.query(drop, [directory, records.map(({ key }) => key), ...columns]);
  const add = `insert into identity_word (directory, record, word)
    select $1, * from unnest($2::text[], $3::text[]) on conflict do nothing`;
  await db.query(add, [directory, ...columns]);
}
