// `ignored-reasons`: lists every reason why nothing was to be done with what reached the bridge.
import { Command } from 'commander';
import { ignoredReference } from '../flows/ignored-reference.ts';
import { outputOption, writeOutput } from './options.ts';

/** The command `ignored-reasons`. */
export function ignoredReasonsCommand(): Command {
  return new Command('ignored-reasons')
    .description('List every reason why an item is ignored, and what it means')
    .addOption(outputOption())
    .action(({ output }: { output?: string }) => writeOutput(ignoredReference(), output));
}
