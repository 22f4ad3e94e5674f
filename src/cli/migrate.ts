// `migrate`: updates the database schema, for operators who do not want the daemon to do it at its start.
import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { migrate } from '../store/migrate.ts';
import { configOption } from './options.ts';

/** The command `migrate`. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database schema up to date')
    .addOption(configOption())
    .action(async ({ config: file }: { config?: string }) => {
      const config = await loadConfig(file, process.env);
      const applied = await migrate(config.database.url);
      process.stdout.write(applied.length === 0 ? 'Nothing to do.\n' : `Applied ${applied.join(', ')}.\n`);
    });
}
