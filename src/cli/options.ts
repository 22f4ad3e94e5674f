// Options that several commands share.
import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';

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
