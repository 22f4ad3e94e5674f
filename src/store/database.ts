// How the tables are read.
import type { ClientBase, QueryConfig } from 'pg';

/** A pool or a client: both run statements. */
export type Queryable = Pick<ClientBase, 'query'>;

/**
 * The rows of a statement, with the names of its columns in camelCase and undefined for NULL.
 * @param statement SQL; with a name it is prepared, which planning of a frequent statement is worth
 */
export async function select<Row>(
  db: Queryable,
  statement: string | QueryConfig,
  values?: unknown[],
): Promise<Row[]> {
  const { rows } = await db.query<Record<string, unknown>>(statement, values);
  return rows.map((row) => fromColumns(row) as Row);
}

/** A row with the names of its columns in camelCase and undefined for NULL, also one that came as JSON. */
export function fromColumns(columns: Readonly<Record<string, unknown>>): object {
  const fields = Object.entries(columns).map(([name, value]): [string, unknown] => [
    inCamelCase(name),
    value ?? undefined,
  ]);
  return Object.fromEntries(fields);
}

/** The first row of a statement, like `select`. */
export async function selectFirst<Row>(
  db: Queryable,
  statement: string | QueryConfig,
  values?: unknown[],
): Promise<Row | undefined> {
  return (await select<Row>(db, statement, values))[0];
}

/** The values of the only column of a statement. */
export async function selectColumn<Value>(db: Queryable, sql: string, values?: unknown[]): Promise<Value[]> {
  const { rows } = await db.query<Record<string, Value>>(sql, values);
  return rows.flatMap((row) => Object.values(row));
}

/** How many rows a statement has found, written or removed. */
export async function countRows(db: Queryable, sql: string, values?: unknown[]): Promise<number> {
  return (await db.query(sql, values)).rowCount ?? 0;
}

/** The values of some fields of rows, a list for each field: for `unnest`. */
export function columnsOf<Row, Field extends keyof Row>(
  rows: readonly Row[],
  ...fields: readonly Field[]
): Row[Field][][] {
  return fields.map((field) => rows.map((row) => row[field]));
}

function inCamelCase(column: string): string {
  return column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
