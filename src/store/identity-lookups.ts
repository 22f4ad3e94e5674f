// Hashed look-ups with their audit, in one statement for all callers that ask at the same time.
import type { MatrixUserId } from '../domain/ids.ts';
import type { Queryable } from './database.ts';

/** One hash to look up. */
export interface AskedHash {
  readonly caller: MatrixUserId;
  /** SHA-256 of `address medium pepper`, in base64url without padding. */
  readonly hash: string;
}

/** What all hashes of one statement have in common. */
interface HashLookup {
  readonly generation: string;
  /** The media that may be looked up. */
  readonly media: readonly string[];
  /** Stored in the audit. */
  readonly at: Date;
  /** The pads of the audit's key. The audit hashes the address if it is found, or else the given hash. */
  readonly key: { readonly inner: Buffer; readonly outer: Buffer };
}

/** The user of each hash, in the given order; undefined if the hash is unknown or belongs to several people. */
export async function lookUpHashes(
  db: Queryable,
  { generation, media, at, key }: HashLookup,
  asked: readonly AskedHash[],
): Promise<readonly (MatrixUserId | undefined)[]> {
  // One statement, thus one commit and one round trip: there is no answer without its audit record. HMAC-SHA-256 is written out,
  // because PostgreSQL has it only in an extension.
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
        insert into identity_audit (at, caller, action, medium, subject, outcome, found)
        select $5, asked.caller, 'lookup', found.medium,
          sha256($7::bytea || sha256($6::bytea ||
            coalesce(convert_to(found.medium || ' ' || found.address, 'UTF8'), asked.hash))),
          case when found.user_id is null then 'none' else 'found' end,
          found.user_id
        from asked left join found using (position)
      )
      select position, user_id from found`,
    values: [
      ...[asked.map(({ caller }) => caller), asked.map(({ hash }) => Buffer.from(hash, 'base64url'))],
      ...[generation, media, at, key.inner, key.outer],
    ],
  });
  const found: (MatrixUserId | undefined)[] = Array.from({ length: asked.length });
  for (const { position, user_id: userId } of rows) found[Number(position) - 1] = userId;
  return found;
}
