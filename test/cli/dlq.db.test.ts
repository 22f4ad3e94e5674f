// `dlq` on a real database with encrypted dead letters, as an operator runs it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTransaction } from '../../src/inbox/database.ts';
import { LEAST } from '../builders/config.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { encryptedPayloads, keyOf, storing } from '../builders/payloads.ts';

const pool = useBridgeDatabase();
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bridge-dlq-'));
  for (const id of ['old', 'new']) await writeFile(join(folder, id), `${keyOf(id).key}\n`);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the command with the keys of these ids, each from its file. */
async function dlq(ids: readonly string[], ...args: readonly string[]) {
  const keys = ids.map((id) => ({ id, keyFile: join(folder, id) }));
  const env = {
    ...{ ...LEAST, PATH: process.env['PATH'] },
    BRIDGE_DATABASE_URL: pool().options.connectionString,
    BRIDGE_DATABASE_ENCRYPTION_KEYS: JSON.stringify(keys),
  };
  const command = [join(import.meta.dirname, '../../src/cli/index.ts'), 'dlq', ...args];
  return promisify(execFile)(process.execPath, command, { env }).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error instanceof Error && 'stderr' in error ? String(error.stderr) : 'no answer'),
  );
}

/** A dead letter that was encrypted with the key `old`. @returns its id */
async function storeDeadLetter(): Promise<string> {
  const item = { lane: 'a', source: 'test', sourceId: '$1', payload: { kind: 'test', said: 'Bloedsuiker' } };
  return inTransaction(pool(), async (tx) => {
    await storing(encryptedPayloads('old')).enqueue(tx, [item]);
    const { rows } = await tx.query<{ id: string }>(
      `insert into dead_letter (lane_id, lane_key, position, source, source_id, payload, attempts, error_code,
         error_message, received_at)
       select lane_id, 'a', position, source, source_id, payload, 1, 'unexpected', 'unexpected: see the log', now()
       from item returning id`,
    );
    await tx.query('update lane set head = tail, ready_at = null');
    return rows[0]?.id ?? '';
  });
}

test('a dead letter is listed without its content, and put back under the present key', async () => {
  const id = await storeDeadLetter();
  expect(await dlq(['new', 'old'], 'list')).toMatch(/\t1\ttest\t\$1\tunexpected: see the log\n$/);
  expect(await dlq(['new', 'old'], 'retry', id)).toBe(`${id}: queued\n`);
  const { rows } = await pool().query<{ stored: string }>(
    `select payload as stored from item where source = 'test'`,
  );
  expect(rows.map(({ stored }) => encryptedPayloads('new').decode(['item', 'test', '$1'], stored))).toEqual([
    { kind: 'test', said: 'Bloedsuiker' },
  ]);
});

test('without its key it stays a dead letter, and the operator reads which key is missing and what to do', async () => {
  const id = await storeDeadLetter();
  const told = await dlq(['new'], 'retry', id);
  expect(told).toContain('payload-key-missing: database.encryptionKeys has no key old');
  expect(told).toContain('Add it to database.encryptionKeys');
  expect((await pool().query('select from dead_letter')).rowCount).toBe(1);
});
