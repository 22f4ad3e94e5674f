#!/usr/bin/env node
// The command line.
import { Command } from 'commander';
import { ConfigError } from '../config/load.ts';
import { ignoredReference } from '../flows/ignored-reference.ts';
import { noticesPage } from '../mapping/notices-page.ts';
import { kindsPage } from '../messages/kinds-page.ts';
import { ASPECTS, KINDS } from '../messages/registry.ts';
import { BridgeError, errorCatalogue } from '../telemetry/errors.ts';
import { errorReference } from '../telemetry/error-reference.ts';
import { configCommand } from './config.ts';
import { dlqCommand } from './dlq.ts';
import { healthcheckCommand } from './healthcheck.ts';
import { initCommand } from './init.ts';
import { migrateCommand } from './migrate.ts';
import { generator, OutputExistsError } from './options.ts';
import { personCommand } from './person.ts';
import { registrationCommand } from './registration.ts';
import { resyncCommand } from './resync.ts';
import { runCommand } from './run.ts';

const program = new Command('fhir-matrix-bridge')
  .description('Connects care platforms that speak FHIR R4 with people who chat over Matrix')
  .addCommand(runCommand())
  .addCommand(initCommand())
  .addCommand(configCommand())
  .addCommand(registrationCommand())
  .addCommand(migrateCommand())
  .addCommand(dlqCommand())
  .addCommand(resyncCommand())
  .addCommand(personCommand())
  .addCommand(healthcheckCommand())
  .addCommand(generator('errors', 'List every error code, what it means and how to mend it', errorReference))
  .addCommand(
    generator('kinds', 'List the kinds of messages that cross, and what each keeps and loses', () =>
      kindsPage({ kinds: KINDS, aspects: ASPECTS }),
    ),
  )
  .addCommand(
    generator(
      'ignored-reasons',
      'List every reason why an item is ignored, and what it means',
      ignoredReference,
    ),
  )
  .addCommand(
    generator(
      'notices',
      'List what people and platforms are told when a message does not cross',
      noticesPage,
    ),
  );

try {
  await program.parseAsync();
} catch (error) {
  // An operator's mistake is shown as a message, a fault of the bridge with its stack.
  const isMistake = error instanceof ConfigError || error instanceof OutputExistsError;
  const text = isMistake ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${text ?? 'unknown error'}\n`);
  if (error instanceof BridgeError) process.stderr.write(`${errorCatalogue[error.code].operator}\n`);
  process.exitCode = isMistake ? 2 : 1;
}
