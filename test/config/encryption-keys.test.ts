// The keys that encrypt what is stored: from files, 32 bytes each and nothing else, and faults that show no key.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { faultsOf, LEAST } from '../builders/config.ts';

const KEY = Buffer.alloc(32, 1).toString('base64');
const OTHER = Buffer.alloc(32, 2).toString('base64');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bridge-keys-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const withKeys = (...keys: readonly object[]) => ({
  ...LEAST,
  BRIDGE_DATABASE_ENCRYPTION_KEYS: JSON.stringify(keys),
});

test('without keys there are none', async () => {
  expect((await loadConfig(undefined, LEAST)).database.encryptionKeys).toEqual([]);
});

test('a key is read from its file, without the end of its line', async () => {
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, `${KEY}\n`);
  const { database } = await loadConfig(undefined, withKeys({ id: '2026-12', keyFile }));
  expect(database.encryptionKeys).toEqual([{ id: '2026-12', keyFile, key: KEY }]);
});

test.each([
  ['a passphrase', 'correct horse battery staple correct horse'],
  ['16 bytes', Buffer.alloc(16, 1).toString('base64')],
  ['33 bytes', Buffer.alloc(33, 1).toString('base64')],
  ['hexadecimal', Buffer.alloc(32, 1).toString('hex')],
  ['base64url', Buffer.alloc(32, 255).toString('base64url')],
  ['base64 with bits left over', `${KEY.slice(0, -2)}F=`],
])('%s is no key, and is not shown', async (_what, key) => {
  const faults = await faultsOf(undefined, withKeys({ id: '2026-12', key }));
  expect(faults).toEqual([
    expect.stringMatching(/^database\.encryptionKeys\.0\.key: got \(not shown: may be secret\), expected 32/),
  ]);
});

test.each(['', 'a:b', 'a b', '(none)', 'x'.repeat(41)])('%j is no id', async (id) => {
  const faults = await faultsOf(undefined, withKeys({ id, key: KEY }));
  expect(faults).toEqual([expect.stringContaining('database.encryptionKeys.0.id')]);
});

test('two keys of one id, or two ids of one key, are faults', async () => {
  const keys = [
    { id: 'a', key: KEY },
    { id: 'a', key: OTHER },
    { id: 'b', key: KEY },
  ];
  expect(await faultsOf(undefined, withKeys(...keys))).toEqual([
    'database.encryptionKeys.1.id: got "a" again, expected an id of its own',
    'database.encryptionKeys.2.key: got that of another id, expected a key of its own',
  ]);
});

test('a key without its file and a file that is not there are faults', async () => {
  expect(await faultsOf(undefined, withKeys({ id: 'a' }))).toEqual([
    expect.stringContaining('expected a key, or keyFile with the path of its file'),
  ]);
  const [cannotRead] = await faultsOf(undefined, withKeys({ id: 'a', keyFile: join(folder, 'none') }));
  expect(cannotRead).toMatch(/^database\.encryptionKeys\.0\.keyFile: cannot read /);
});
