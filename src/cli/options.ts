// What several commands share: options, the generator of a text, the database.
import { writeFile } from 'node:fs/promises';
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

/** `--output FILE`, or else standard output. */
export function outputOption(): Option {
  return new Option('-o, --output <file>', 'file to write; standard output without it');
}

/** Writes the result of a command to the file of `--output`, or to standard output. */
export async function writeOutput(text: string, file: string | undefined): Promise<void> {
  if (file === undefined) process.stdout.write(text);
  else await writeFile(file, text);
}

/** A command that only writes a generated text. */
export function generator(name: string, description: string, generate: () => string): Command {
  return new Command(name)
    .description(description)
    .addOption(outputOption())
    .action(({ output }: { output?: string }) => writeOutput(generate(), output));
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
