// Files that commands write: those with secrets are their owner's alone, and nothing that is there is overwritten unasked.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configCommand } from '../../src/cli/config.ts';
import { registrationCommand } from '../../src/cli/registration.ts';

let folder: string;
let umask: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'output-test-'));
  umask = process.umask(0);
});
afterEach(async () => {
  process.umask(umask);
  await rm(folder, { recursive: true });
});

const run = (command: Command, ...given: readonly string[]): Promise<unknown> =>
  command.parseAsync([...given], { from: 'user' });
const register = (...given: readonly string[]): Promise<unknown> =>
  run(registrationCommand(), '--sample', '--output', join(folder, 'file'), ...given);
const mode = async (): Promise<string> => ((await stat(join(folder, 'file'))).mode & 0o777).toString(8);
const content = (): Promise<string> => readFile(join(folder, 'file'), 'utf8');

test('a registration can be read by its owner alone, whatever the umask', async () => {
  await register();
  expect(await mode()).toBe('600');
});

test('so can a sample configuration, into which secrets are filled; a schema holds none', async () => {
  await run(configCommand(), 'sample', '--output', join(folder, 'file'));
  expect(await mode()).toBe('600');
  await run(configCommand(), 'schema', '--output', join(folder, 'file'), '--force');
  expect(await mode()).toBe('666');
});

test('a file that is there stays as it is', async () => {
  await writeFile(join(folder, 'file'), 'mine');
  await expect(register()).rejects.toMatchObject({ code: 'output-exists' });
  expect(await content()).toBe('mine');
  expect(await readdir(folder)).toEqual(['file']);
});

test('unless it is to be overwritten: then nobody reads on who could read the one before', async () => {
  await writeFile(join(folder, 'file'), 'mine', { mode: 0o644 });
  await register('--force');
  expect(await content()).toContain('as_token');
  expect(await mode()).toBe('600');
  expect(await readdir(folder)).toEqual(['file']);
});
