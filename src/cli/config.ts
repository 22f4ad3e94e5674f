// `config sample`, `config schema`, `config reference`, `config check`.
import { Command } from 'commander';
import { configJsonSchema } from '../config/keys.ts';
import { loadConfig } from '../config/load.ts';
import { configReference } from '../config/reference.ts';
import { sampleConfig } from '../config/sample.ts';
import { configOption, generator } from './options.ts';

/** The command `config`. */
export function configCommand(): Command {
  return (
    new Command('config')
      .description('Write and check the configuration')
      // Its owner fills in secrets.
      .addCommand(generator('sample', 'Write a commented sample configuration', sampleConfig, 'owner'))
      .addCommand(
        generator(
          'schema',
          'Write the JSON schema, for editors',
          () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
        ),
      )
      .addCommand(generator('reference', 'Write the reference page', configReference))
      .addCommand(checkCommand())
  );
}

function checkCommand(): Command {
  return new Command('check')
    .description('Check the configuration and report all faults at once')
    .addOption(configOption())
    .action(async ({ config }: { config?: string }) => {
      const { database } = await loadConfig(config, process.env);
      process.stdout.write('The configuration is complete and well-formed.\n');
      if (database.encryptionKeys.length === 0)
        process.stdout.write('Without database.encryptionKeys messages are stored as they are.\n');
    });
}
