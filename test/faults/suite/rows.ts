// The rows of the bridge's tables under load, and after what is kept for minutes was removed.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** How many rows each table has. */
export type Rows = Readonly<Record<string, number>>;

/** Kept for so long that there is a time after it within the load. */
const KEPT_DAYS = String(2 / 24 / 60);

/** Settings by which rows are kept for two minutes. */
export const KEPT_FOR_MINUTES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'BRIDGE_INBOX_RETENTION_DAYS',
    'BRIDGE_RETENTION_HELD_MESSAGES_DAYS',
    'BRIDGE_RETENTION_DEAD_LETTER_CONTENT_DAYS',
    'BRIDGE_RETENTION_DEAD_LETTER_DAYS',
    'BRIDGE_RETENTION_TRACES_DAYS',
    'BRIDGE_RETENTION_ENDED_ROOMS_DAYS',
  ].map((key) => [key, KEPT_DAYS]),
);

/** Counts when a third, two thirds and all of the time until an instant of `performance.now()` are over. */
export async function watchRows(url: string, endsAt: number): Promise<readonly Rows[]> {
  const third = (endsAt - performance.now()) / 3;
  const counts: Rows[] = [];
  for (const thirdsLeft of [2, 1, 0]) {
    await sleep(Math.max(0, endsAt - thirdsLeft * third - performance.now()));
    counts.push(await countRows(url));
  }
  return counts;
}

/** Of the database at a URL. */
export async function countRows(url: string): Promise<Rows> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      'select tablename as name from pg_tables where schemaname = current_schema() order by 1',
    );
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const sql = `select count(*)::int as count from ${pg.escapeIdentifier(name)}`;
      const { rows } = await client.query<{ count: number }>(sql);
      counts[name] = rows[0]?.count ?? 0;
    }
    return counts;
  } finally {
    await client.end();
  }
}
