// `kinds`: lists the kinds of messages that cross, and what each keeps and loses.
import { Command } from 'commander';
import { kindsPage } from '../messages/kinds-page.ts';
import { KINDS } from '../messages/registry.ts';
import { outputOption, writeOutput } from './options.ts';

/** The command `kinds`. */
export function kindsCommand(): Command {
  return new Command('kinds')
    .description('List the kinds of messages that cross, and what each keeps and loses')
    .addOption(outputOption())
    .action(({ output }: { output?: string }) => writeOutput(kindsPage(KINDS), output));
}
