// `person link`, `person unlink`, `person show`: the Matrix account that an operator gives a FHIR person.
import { randomUUID } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import type { Pool } from 'pg';
import { isPersonType } from '../domain/fhir.ts';
import { isMatrixUserId, parseReference, type FhirReference, type MatrixUserId } from '../domain/ids.ts';
import { linkPerson, unlinkPerson, type LinkingBridge } from '../flows/people/link-person.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import { inTransaction } from '../inbox/database.ts';
import { createEnqueue } from '../inbox/enqueue.ts';
import { createPayloadCodec } from '../at-rest/payload-codec.ts';
import { composeAuditTrail } from '../app/audit-trail.ts';
import { clock } from '../app/clock.ts';
import { compileSettings } from '../app/settings.ts';
import * as people from '../store/people.ts';
import { createTables } from '../store/tables.ts';
import { operator } from './operator.ts';
import { configOption, withDatabase } from './options.ts';
import { forgetCommand } from './person-forget.ts';

interface Options {
  readonly config?: string;
}

/** What the commands work with. */
interface Opened {
  readonly pool: Pool;
  readonly bridge: LinkingBridge;
  readonly isOwn: (userId: MatrixUserId) => boolean;
}

/** The command `person`. */
export function personCommand(): Command {
  return new Command('person')
    .description('Say which Matrix account a FHIR person has, or forget them')
    .addCommand(linkCommand())
    .addCommand(unlinkCommand())
    .addCommand(showCommand())
    .addCommand(forgetCommand(readPerson));
}

function linkCommand(): Command {
  return new Command('link')
    .description('Store the account of a person; it counts where their telecom names none')
    .argument('<reference>', 'such as Practitioner/7', readReference)
    .argument('<userId>', 'such as @jan:example.org', readUserId)
    .addOption(configOption())
    .action(async (reference: FhirReference, userId: MatrixUserId, { config }: Options) => {
      await open(config, async ({ bridge, isOwn }) => {
        if (isOwn(userId)) {
          process.exitCode = 1;
          print(`${userId} is the bridge’s own user: no person can be linked to it.`);
          return;
        }
        const command = { cause: `person link ${randomUUID()}`, by: operator() };
        const rooms = await linkPerson(bridge, { reference, userId }, command);
        print(`${reference} is ${userId}.`, told(rooms));
      });
    });
}

function unlinkCommand(): Command {
  return new Command('unlink')
    .description('Forget the stored account of a person')
    .argument('<reference>', 'such as Practitioner/7', readReference)
    .addOption(configOption())
    .action(async (reference: FhirReference, { config }: Options) => {
      await open(config, async ({ bridge }) => {
        const command = { cause: `person unlink ${randomUUID()}`, by: operator() };
        const rooms = await unlinkPerson(bridge, reference, command);
        if (rooms === undefined) process.exitCode = 1;
        print(rooms === undefined ? `${reference} had no stored account.` : `Forgotten. ${told(rooms)}`);
      });
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('Show the accounts of a person, or whose an account is')
    .argument('<person>', 'such as Practitioner/7 or @jan:example.org', readPerson)
    .addOption(configOption())
    .action(async (wanted: FhirReference | MatrixUserId, { config }: Options) => {
      await open(config, async ({ pool }) => {
        const reference = isMatrixUserId(wanted) ? await people.findPersonByUserId(pool, wanted) : wanted;
        const person = reference && (await people.findPeople(pool, [reference])).get(reference);
        if (person === undefined) process.exitCode = 1;
        print(...(person === undefined ? ['The bridge knows no such person.'] : describe(person)));
      });
    });
}

function describe(person: people.KnownPerson): readonly string[] {
  const { reference, userId, source, storedUserId, formerUserIds } = person;
  return [
    `person   ${reference}`,
    `account  ${userId} (${source})`,
    ...(storedUserId === undefined ? [] : [`stored   ${storedUserId}`]),
    ...formerUserIds.map((former) => `former   ${former}`),
  ];
}

function told(rooms: readonly FhirReference[]): string {
  return rooms.length === 0
    ? 'No space or room depends on it yet.'
    : `To be brought up to date: ${rooms.join(', ')}.`;
}

function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function readPerson(given: string): FhirReference | MatrixUserId {
  return given.startsWith('@') ? readUserId(given) : readReference(given);
}

function readReference(given: string): FhirReference {
  const parsed = parseReference(given);
  if (parsed?.reference === given && isPersonType(parsed.resourceType)) return parsed.reference;
  throw new InvalidArgumentError('Expected a person’s reference, such as Practitioner/7 or Patient/7.');
}

function readUserId(given: string): MatrixUserId {
  if (isMatrixUserId(given)) return given;
  throw new InvalidArgumentError('Expected a Matrix user id, such as @jan:example.org.');
}

async function open(file: string | undefined, work: (opened: Opened) => Promise<void>): Promise<void> {
  await withDatabase(file, (pool, config) => {
    const settings = compileSettings(config);
    const transact: LinkingBridge['transact'] = (statements) => inTransaction(pool, statements);
    const payloads = createPayloadCodec(config.database.encryptionKeys);
    const bridge = {
      ...{ transact, auditTrail: composeAuditTrail(config, clock) },
      ...{ enqueue: createEnqueue(payloads), store: createTables(payloads) },
    };
    return work({ pool, bridge, isOwn: (userId) => isOwnUser(settings, userId) });
  });
}
