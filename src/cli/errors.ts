// `errors`: lists every error code with its meaning and its repair.
import { Command } from 'commander';
import { errorReference } from '../telemetry/error-reference.ts';
import { outputOption, writeOutput } from './options.ts';

/** The command `errors`. */
export function errorsCommand(): Command {
  return new Command('errors')
    .description('List every error code, what it means and how to mend it')
    .addOption(outputOption())
    .action(({ output }: { output?: string }) => writeOutput(errorReference(), output));
}
