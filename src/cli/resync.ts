// `resync`: compares spaces and rooms with FHIR, prints the differences, and repairs them, except with `--dry-run`.
import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import type { Fact } from '../domain/facts.ts';
import { parseReference, referenceTo, type FhirReference } from '../domain/ids.ts';
import type { ThreadProfileName } from '../domain/threads.ts';
import type { Bridge } from '../flows/bridge.ts';
import type { ResyncFinding, ResyncSummary } from '../flows/structure/resync.ts';
import { operator } from './operator.ts';
import { configOption } from './options.ts';
import { withBridge } from './with-bridge.ts';

interface Options {
  readonly config?: string;
  readonly dryRun: boolean;
  readonly all: boolean;
}

/** The command `resync`. It exits with 1 when a room could not be compared. */
export function resyncCommand(): Command {
  return new Command('resync')
    .description('Compare spaces and rooms with the FHIR server, and mend what differs')
    .argument('[reference...]', 'CareTeam/… or CommunicationRequest/…; without any, all that have a room')
    .option('--dry-run', 'print what differs and change nothing', false)
    .option('--all', 'everything on the FHIR server, be it from before the bridge', false)
    .addOption(configOption())
    .action(async (given: readonly string[], { config: file, dryRun, all }: Options) => {
      const { checked, differed, failed } = await run(file, { dryRun, all, given });
      const done = dryRun ? 'would be changed' : 'changed';
      process.stdout.write(`${checked} compared, ${differed} ${done}, ${failed} failed.\n`);
      if (failed > 0) process.exitCode = 1;
    });
}

function run(
  file: string | undefined,
  { dryRun, all, given }: { dryRun: boolean; all: boolean; given: readonly string[] },
): Promise<ResyncSummary> {
  return withBridge(file, async (bridge, config, signal) => {
    const references = given.map((each) => readReference(each, config.fhir.threads));
    const options = { dryRun, all, ...(references.length > 0 && { references }) };
    const { resync } = await import('../flows/structure/resync.ts');
    if (!dryRun) await tellTrail(bridge, options.references);
    return resync(bridge, options, print, signal);
  });
}

/** That an operator is about to change rooms; what is changed tells itself. */
async function tellTrail(
  { auditTrail, enqueue, transact }: Pick<Bridge, 'auditTrail' | 'enqueue' | 'transact'>,
  references: readonly FhirReference[] | undefined,
): Promise<void> {
  const by = operator();
  const facts: readonly Fact[] =
    references === undefined
      ? [{ kind: 'operated', act: 'resync', by, target: 'all' }]
      : references.map((reference) => ({ kind: 'operated', act: 'resync', by, on: { reference } }));
  const cause = { source: 'command', sourceId: `resync ${randomUUID()}` };
  await transact((tx) => enqueue(tx, auditTrail.itemsOf(cause, facts)));
}

function print({ reference, state, changes }: ResyncFinding): void {
  switch (state) {
    case 'in-sync':
      return;
    case 'gone':
      process.stdout.write(`${reference}: not on the FHIR server; its room is left as it is\n`);
      return;
    case 'failed':
      process.stdout.write(`${reference}: failed: ${changes.join(', ')}\n`);
      return;
    case 'differs':
      for (const change of changes) process.stdout.write(`${reference}: ${change}\n`);
  }
}

/** @throws Error when it is no reference to a CareTeam or CommunicationRequest, or to the header of a thread of Medplum */
function readReference(given: string, threads: ThreadProfileName): FhirReference {
  const parsed = parseReference(given);
  if (parsed?.resourceType === 'CareTeam' || parsed?.resourceType === 'CommunicationRequest')
    return parsed.reference;
  if (parsed?.resourceType === 'Communication' && threads === 'medplum')
    return referenceTo('CommunicationRequest', parsed.id);
  throw new Error(`Expected CareTeam/… or CommunicationRequest/…, got ${given}`);
}
