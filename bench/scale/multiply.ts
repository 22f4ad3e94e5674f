// Fills the bridge's database with copies of what it wrote itself of one conversation, so that the benchmark knows no table by heart.
import pg from 'pg';

/** A text that stands for the conversation in its rows, and what stands for it in those of a copy. */
export interface Token {
  readonly text: string;
  /** An SQL expression over `n`, the number of the copy. */
  readonly ofCopy: string;
}

/** The log, and what waits to be put into it: what was handled is not there any more. */
const OF_THE_LOG = [
  'item',
  'lane',
  'arrival',
  'dead_letter',
  'waiting_item',
  'write_back',
  'resource_version',
];
const AT_ONCE = 10_000;

/**
 * Copies the rows that name the first of some tokens.
 * @param range the numbers of the copies
 * @returns how many rows were made, by table
 */
export async function multiply(
  databaseUrl: string,
  tokens: readonly [Token, ...Token[]],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Readonly<Record<string, number>>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const made: Record<string, number> = {};
    for (const table of await tablesOf(client)) {
      const sql = copying(table, await columnsOf(client, table), tokens);
      for (let first = from; first <= to; first += AT_ONCE) {
        const last = Math.min(to, first + AT_ONCE - 1);
        const { rowCount } = await client.query(sql, [tokens[0].text, first, last]);
        if (rowCount !== null && rowCount > 0) made[table] = (made[table] ?? 0) + rowCount;
      }
    }
    await client.query('analyze');
    return made;
  } finally {
    await client.end();
  }
}

async function tablesOf(client: pg.Client): Promise<readonly string[]> {
  const sql = `select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name <> all($1)
    order by table_name`;
  const { rows } = await client.query<{ name: string }>(sql, [OF_THE_LOG]);
  return rows.map(({ name }) => name);
}

/** Those that are not numbered by the database itself. */
async function columnsOf(client: pg.Client, table: string): Promise<readonly string[]> {
  const sql = `select column_name as name from information_schema.columns
    where table_schema = current_schema() and table_name = $1
      and is_identity = 'NO' and is_generated = 'NEVER' and column_default not like 'nextval%' is not false`;
  const { rows } = await client.query<{ name: string }>(sql, [table]);
  return rows.map(({ name }) => name);
}

function copying(table: string, columns: readonly string[], tokens: readonly Token[]): string {
  const name = pg.escapeIdentifier(table);
  const names = columns.map((column) => pg.escapeIdentifier(column));
  const text = tokens.reduce(
    (inner, token) => `replace(${inner}, ${pg.escapeLiteral(token.text)}, ${token.ofCopy})`,
    'to_jsonb(given)::text',
  );
  return `insert into ${name} (${names.join(', ')})
    select ${names.map((column) => `(copy).${column}`).join(', ')}
    from (
      select jsonb_populate_record(null::${name}, (${text})::jsonb) as copy
      from ${name} as given cross join generate_series($2::int, $3::int) as n
      where position($1 in to_jsonb(given)::text) > 0
    ) as copies
    on conflict do nothing`;
}
