// What several commands share: options, the generator of a text, the database.
import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { Pool } from 'pg';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { createPool } from '../store/connections.ts';

/** `--config FILE`, or else the variable BRIDGE_CONFIG, or else only the other variables of the environment. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'YAML configuration; without it the environment is read').env(
    'BRIDGE_CONFIG',
  );
}

/** What became of the options of `withOutput`. */
export interface Output {
  readonly output?: string;
  readonly force?: boolean;
}

/** Adds `--output FILE`, without which the command writes to standard output, and `--force`. */
export function withOutput(command: Command): Command {
  return command
    .option('-o, --output <file>', 'file to write; standard output without it')
    .option('--force', 'overwrite the file if it is there');
}

/** Who may read what a command writes: everyone as the umask allows, or its owner alone, since it holds secrets or will. */
export type Readers = 'everyone' | 'owner';

/** A file that is there is not overwritten unless that was asked for. */
export class OutputExistsError extends Error {
  readonly code = 'output-exists';
  constructor(file: string) {
    super(`${file} is there, and is not overwritten without --force`);
    this.name = 'OutputExistsError';
  }
}

/**
 * Writes the result of a command to the file of `--output`, or to standard output. The file has its whole content from the first
 * moment on, and never other readers than it should have, whoever could read the one that it replaces.
 * @throws OutputExistsError
 */
export async function writeOutput(
  text: string,
  { output: file, force = false }: Output,
  readers: Readers,
): Promise<void> {
  if (file === undefined) {
    process.stdout.write(text);
    return;
  }
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeFile(draft, text, { flag: 'wx', mode: readers === 'owner' ? 0o600 : 0o666 });
    await (force ? rename(draft, file) : link(draft, file));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new OutputExistsError(file);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** A command that only writes a generated text. */
export function generator(
  name: string,
  description: string,
  generate: () => string,
  readers: Readers = 'everyone',
): Command {
  return withOutput(new Command(name).description(description)).action((options: Output) =>
    writeOutput(generate(), options, readers),
  );
}

/** Runs `work` on the database of the configuration, through one connection. */
export async function withDatabase<T>(
  file: string | undefined,
  work: (pool: Pool, config: Config) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(file, process.env);
  const pool = createPool(config.database.url, 1);
  try {
    return await work(pool, config);
  } finally {
    await pool.end();
  }
}
