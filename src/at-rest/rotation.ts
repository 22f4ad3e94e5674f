// Encrypts anew what stands under another key than the present one, and counts how much there still is.
import type { ClientBase } from 'pg';
import type { PayloadCodec, PayloadRow } from '../domain/stored-payload.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { PAYLOAD_COLUMNS, type PayloadColumn } from './payload-columns.ts';

type Queryable = Pick<ClientBase, 'query'>;

/** How payloads are called that are not encrypted; no key has this id. */
const NOT_ENCRYPTED = '(none)';
/** Of each column, no more are counted: a table may have millions. */
const MOST_COUNTED = 10_000;

/** What became of some rows. */
export interface Rewritten {
  readonly rewritten: number;
  /** Rows that could not be decrypted, and stay as they are. */
  readonly unreadable: number;
}

/**
 * Encrypts rows of a column with the first key, within a transaction: those that are encrypted with another key that is there, or
 * not at all. Rows that another transaction has in hand are left for later. Without a key it does nothing.
 * @param limit rows at most
 */
export async function rewritePayloads(
  tx: Queryable,
  payloads: PayloadCodec,
  column: PayloadColumn,
  limit: number,
): Promise<Rewritten> {
  const [present, ...others] = payloads.keyIds;
  const done = { rewritten: 0, unreadable: 0 };
  if (present === undefined) return done;
  // One key after the other: for each, the index of the column finds its rows, and sees at once that there are none.
  for (const keyId of [NOT_ENCRYPTED, ...others]) {
    for (const row of await lockRows(tx, column, keyId, limit - done.rewritten - done.unreadable)) {
      const isRewritten = await rewriteRow(tx, payloads, column, row);
      done[isRewritten ? 'rewritten' : 'unreadable'] += 1;
    }
  }
  return done;
}

/** The payload of an item may have been emptied. The indexes have the same condition. */
function hasContent(column: string, holds: PayloadColumn['holds']): string {
  return holds === 'json' ? `${column}::text <> '{}'` : `${column} is not null`;
}

interface FoundRow {
  readonly id: string;
  readonly key: readonly string[];
  /** JSON, or a text. */
  readonly stored: unknown;
}

async function lockRows(
  tx: Queryable,
  { table, column, holds, boundTo, id }: PayloadColumn,
  keyId: string,
  limit: number,
): Promise<readonly FoundRow[]> {
  const isUnderKey =
    keyId === NOT_ENCRYPTED ? `payload_key(${column}) is null` : `payload_key(${column}) = $2`;
  const sql = `select ${id ?? 'null'}::text as id, array[${boundTo.map((name) => `${name}::text`).join(', ')}] as key, ${column} as stored
    from ${table} where ${hasContent(column, holds)} and ${isUnderKey} limit $1 for update skip locked`;
  const values = keyId === NOT_ENCRYPTED ? [limit] : [limit, keyId];
  return (await tx.query<FoundRow & Record<string, unknown>>(sql, values)).rows;
}

/** @returns false where it cannot be decrypted */
async function rewriteRow(
  tx: Queryable,
  payloads: PayloadCodec,
  { table, column, holds, kind, boundTo, id }: PayloadColumn,
  row: FoundRow,
): Promise<boolean> {
  const bound = [kind, ...row.key] as const;
  try {
    const payload = encodeAnew(payloads, holds, bound, row.stored);
    const [names, values] = id === undefined ? [boundTo, row.key] : [[id], [row.id]];
    const isRow = names.map((name, index) => `${name} = $${index + 2}`).join(' and ');
    await tx.query(`update ${table} set ${column} = $1 where ${isRow}`, [payload, ...values]);
    return true;
  } catch (error) {
    if (error instanceof BridgeError) return false;
    throw error;
  }
}

function encodeAnew(
  payloads: PayloadCodec,
  holds: PayloadColumn['holds'],
  row: PayloadRow,
  stored: unknown,
): string {
  return holds === 'json'
    ? payloads.encode(row, payloads.decode(row, stored))
    : payloads.encodeText(row, payloads.decodeText(row, String(stored)));
}

/**
 * How many payloads are not encrypted with the first key, by the id of their key; 10,000 of a column stand for that and more.
 * Without a key, those that are encrypted at all.
 */
export async function countUnderOtherKeys(
  db: Queryable,
  { keyIds: [present] }: Pick<PayloadCodec, 'keyIds'>,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const { table, column, holds } of PAYLOAD_COLUMNS) {
    const key = `payload_key(${column})`;
    const isOther = present === undefined ? `${key} > $1` : `(${key} < $1 or ${key} > $1 or ${key} is null)`;
    const { rows } = await db.query<{ id: string | null; count: number }>(
      `select id, count(*)::int as count
       from (select ${key} as id from ${table} where ${hasContent(column, holds)} and ${isOther} limit ${MOST_COUNTED}) as other group by id`,
      [present ?? ''],
    );
    for (const { id, count } of rows)
      counts[id ?? NOT_ENCRYPTED] = (counts[id ?? NOT_ENCRYPTED] ?? 0) + count;
  }
  return counts;
}
