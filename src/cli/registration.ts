// `registration`: writes the appservice registration for Synapse.
import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { registrationYaml } from '../matrix/registration.ts';
import { configOption, outputOption, writeOutput } from './options.ts';

/** What the repository's `registration.yaml` shows: the values of `config.sample.yaml`. */
const SAMPLE = {
  serverName: 'localhost',
  appserviceUrl: 'http://localhost:3000',
  asToken: 'change-me-as-token-of-the-registration',
  hsToken: 'change-me-hs-token-of-the-registration',
  ghostPrefix: '_fhir_',
};

/** The command `registration`. */
export function registrationCommand(): Command {
  return new Command('registration')
    .description('Write the appservice registration for Synapse')
    .addOption(configOption())
    .addOption(outputOption())
    .option('--sample', 'with the values of the sample configuration')
    .action(async (options: { config?: string; output?: string; sample?: boolean }) => {
      const values =
        options.sample === true ? SAMPLE : (await loadConfig(options.config, process.env)).matrix;
      await writeOutput(registrationYaml(values), options.output);
    });
}
