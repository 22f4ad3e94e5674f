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
export async function saveAnswers(bridgeUrl: string, folder: string): Promise<void> {
  for (const [name, path] of Object.entries(ANSWERS)) {
    const answer = await fetch(`${bridgeUrl}${path}`, { signal: AbortSignal.timeout(10_000) }).then(
      (response) => response.text(),
      () => undefined,
    );
    if (answer !== undefined) await writeFile(join(folder, `${name}.txt`), answer);
  }
}

/** Saves the errors in the bridge's database: of dead letters, and of what is still being tried. */
export async function saveErrors(databaseUrl: string, folder: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ error: string }>(
      `select error_code || ' ' || error_message as error from dead_letter
       union all
       select concat_ws(' ', last_error_code, last_error_message) from lane where last_error_code is not null`,
    );
    if (rows.length > 0)
      await writeFile(join(folder, 'errors.txt'), rows.map(({ error }) => `${error}\n`).join(''));
  } finally {
    await client.end();
  }
}
