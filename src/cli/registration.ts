// `registration`: writes the appservice registration for Synapse.
import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { DEFAULT_ALIASES } from '../config/rooms.ts';
import { aliasPatterns } from '../mapping/aliases.ts';
import { registrationYaml } from '../matrix/registration.ts';
import { configOption, withOutput, writeOutput, type Output } from './options.ts';

/** What the repository's `registration.yaml` shows: the values of `config.sample.yaml`. */
const SAMPLE = {
  serverName: 'localhost',
  appserviceUrl: 'http://localhost:3000',
  asToken: 'change-me-as-token-of-the-registration',
  hsToken: 'change-me-hs-token-of-the-registration',
  ghostPrefix: '_fhir_',
  receipts: true,
  ...DEFAULT_ALIASES,
};

/** The command `registration`. */
export function registrationCommand(): Command {
  return withOutput(new Command('registration'))
    .description('Write the appservice registration for Synapse; only its owner may read the file')
    .addOption(configOption())
    .option('--sample', 'with the values of the sample configuration')
    .action(async (options: Output & { config?: string; sample?: boolean }) => {
      const values = options.sample === true ? SAMPLE : await configured(options.config);
      const text = registrationYaml({ ...values, aliasPatterns: patternsOf(values) });
      await writeOutput(text, options, 'owner');
    });
}

async function configured(path: string | undefined) {
  const { matrix, readState } = await loadConfig(path, process.env);
  return { ...matrix, receipts: readState.engine !== 'off' };
}

/** The namespace of aliases under the settings of `matrix`. */
export function patternsOf(values: {
  readonly ghostPrefix: string;
  readonly spaceAlias: string;
  readonly conversationAlias: string;
}): readonly string[] {
  const { ghostPrefix, spaceAlias: space, conversationAlias: conversation } = values;
  return aliasPatterns({ ghostPrefix, aliases: { space, conversation } });
}
