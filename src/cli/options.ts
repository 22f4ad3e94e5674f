// Options that several commands share.
import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';

/** `--config FILE`, else the environment's BRIDGE_CONFIG, else the environment's variables alone. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'YAML configuration; without it the environment is read').env(
    'BRIDGE_CONFIG',
  );
}

/** `--output FILE`, else standard output. */
export function outputOption(): Option {
  return new Option('-o, --output <file>', 'file to write; standard output without it');
}

/** Writes a command's product to where `--output` says. */
export async function writeOutput(text: string, file: string | undefined): Promise<void> {
  if (file === undefined) process.stdout.write(text);
  else await writeFile(file, text);
}
