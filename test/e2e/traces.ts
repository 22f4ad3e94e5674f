// What a bridge of the tests leaves behind beside its log, saved before it ends: its answers to operators, its errors.
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pg from 'pg';
import { expect } from 'vitest';

/** The folders of all bridges, below the stack's logs. */
export const BRIDGES = 'bridges';

const ANSWERS = { metrics: '/metrics', health: '/health', 'queue-stats': '/api/v1/queue/stats' } as const;

/** Makes the folder for the traces of one bridge; it stays until the stack ends, for the privacy sweep. */
export async function createTraceFolder(stackLogs: string, name: string): Promise<string> {
  const file = basename(expect.getState().testPath ?? 'unknown', '.test.ts');
  const folder = join(stackLogs, BRIDGES, `${file}-${name}`);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Saves what the bridge answers to operators; a bridge that does not answer any more leaves nothing. */
export async function saveAnswers(opsUrl: string, folder: string): Promise<void> {
  for (const [name, path] of Object.entries(ANSWERS)) {
    const answer = await fetch(`${opsUrl}${path}`, { signal: AbortSignal.timeout(10_000) }).then(
      (response) => response.text(),
      () => undefined,
    );
    if (answer !== undefined) await writeFile(join(folder, `${name}.txt`), answer);
  }
}

/** The lanes with items that are not dealt with yet, each with the item at its head. */
export function readWaitingLanes(databaseUrl: string): Promise<readonly object[]> {
  return query(
    databaseUrl,
    `select lane.key, tail - head as items, attempts, last_error_code, ready_at, item.source, item.source_id
     from lane join item on item.lane_id = lane.id and item.position = head + 1
     where head < tail limit 20`,
  );
}

/** Saves the errors in the bridge's database: of dead letters, and of what is still being tried. */
export async function saveErrors(databaseUrl: string, folder: string): Promise<void> {
  const rows = await query<{ error: string }>(
    databaseUrl,
    `select error_code || ' ' || error_message as error from dead_letter
     union all
     select concat_ws(' ', last_error_code, last_error_message) from lane where last_error_code is not null`,
  );
  if (rows.length > 0)
    await writeFile(join(folder, 'errors.txt'), rows.map(({ error }) => `${error}\n`).join(''));
}

async function query<Row extends object>(databaseUrl: string, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
