// Hashed look-ups: whom hashes find, and the audit of it, in one statement for as many callers as ask at one time.
import type { MatrixUserId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** One hash that someone asks after. */
export interface AskedHash {
  readonly caller: MatrixUserId;
  /** SHA-256 of `address medium pepper`, in base64url without padding. */
  readonly hash: string;
}

/** What is the same for all hashes of a statement. */
export interface HashLookup {
  readonly generation: string;
  /** Those that may be looked up. */
  readonly media: readonly string[];
  /** For the audit. */
  readonly at: Date;
  /** The pads of the key with which the audit hashes: of the address where it is found, else of the hash asked. */
  readonly key: { readonly inner: Buffer; readonly outer: Buffer };
}

/** Whom each hash finds, in the order asked; undefined for hashes that are nobody's, or several people's. */
export async function lookUpHashes(
  db: Queryable,
  { generation, media, at, key }: HashLookup,
  asked: readonly AskedHash[],
): Promise<readonly (MatrixUserId | undefined)[]> {
  // One statement and so one commit: no answer without its record, at the price of one way to the database. HMAC-SHA-256 is
  // written out, for PostgreSQL has it in an extension only.
  const { rows } = await db.query<{ position: string; user_id: MatrixUserId }>({
    name: 'identity-look-up-hashes',
    text: `with asked as materialized (
        select * from unnest($1::text[], $2::bytea[]) with ordinality as asked (caller, hash, position)
      ), found as materialized (
        select asked.position, hash.medium, hash.address, min(identity.user_id) as user_id
        from asked
        join identity_hash as hash
          on hash.generation = $3 and hash.hash = asked.hash and hash.medium = any($4::text[])
        join identity on identity.medium = hash.medium and identity.address = hash.address
        group by asked.position, hash.medium, hash.address having count(distinct identity.user_id) = 1
      ), audited as (
        insert into identity_audit (at, caller, action, medium, subject, outcome)
        select $5, asked.caller, 'lookup', found.medium,
          sha256($7::bytea || sha256($6::bytea ||
            coalesce(convert_to(found.medium || ' ' || found.address, 'UTF8'), asked.hash))),
          case when found.user_id is null then 'none' else 'found' end
        from asked left join found using (position)
      )
      select position, user_id from found`,
    values: [
      asked.map(({ caller }) => caller),
      asked.map(({ hash }) => Buffer.from(hash, 'base64url')),
      generation,
      media,
      at,
      key.inner,
      key.outer,
    ],
  });
  const found: (MatrixUserId | undefined)[] = Array.from({ length: asked.length });
  for (const { position, user_id: userId } of rows) found[Number(position) - 1] = userId;
  return found;
}
