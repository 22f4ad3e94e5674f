// `dlq list`, `dlq retry`, `dlq discard`: the dead letters, for an operator. Their content is never shown.
import { randomUUID } from 'node:crypto';
import { Command, Option } from 'commander';
import type { ClientBase } from 'pg';
import { createPayloadCodec } from '../at-rest/payload-codec.ts';
import { composeAuditTrail } from '../app/audit-trail.ts';
import { clock } from '../app/clock.ts';
import type { Config } from '../config/schema.ts';
import type { OperatorAct } from '../domain/facts.ts';
import { inTransaction } from '../inbox/database.ts';
import type { DeadItem, RetryDeadLetter } from '../inbox/dead-letters.ts';
import { createRetryDeadLetter, discardDeadLetter, listDeadLetters } from '../inbox/dead-letters.ts';
import { createEnqueue, type Enqueue } from '../inbox/enqueue.ts';
import type { NewItem } from '../inbox/item.ts';
import { operator } from './operator.ts';
import { configOption, withDatabase } from './options.ts';

const PAGE = 100;

/** The command `dlq`. */
export function dlqCommand(): Command {
  return new Command('dlq')
    .description('List, retry and discard dead letters')
    .addCommand(listCommand())
    .addCommand(
      idCommand(
        'retry',
        'Put a dead letter back, at the end of its conversation',
        ({ tx, told, retry }, id) => retry(tx, id, (item) => told('dlq-retry', item)),
      ),
    )
    .addCommand(
      idCommand('discard', 'Forget a dead letter for good', async ({ tx, told, enqueue }, id) => {
        const item = await discardDeadLetter(tx, id);
        if (item === undefined) return 'missing';
        await enqueue(tx, told('dlq-discard', item));
        return 'discarded';
      }),
    );
}

function listCommand(): Command {
  return new Command('list')
    .description(
      `List ${PAGE} dead letters: id, time, attempts, what it was, why it failed, and whether its content was removed`,
    )
    .addOption(configOption())
    .addOption(new Option('--after <id>', 'only those after this id').default('0'))
    .action(async ({ config, after }: { config?: string; after: string }) => {
      const items = await withDatabase(config, (pool) =>
        listDeadLetters(pool, { after: Number(after), limit: PAGE }),
      );
      for (const { id, givenUpAt, attempts, source, sourceId, errorMessage, emptiedAt } of items) {
        const emptied = emptiedAt === undefined ? [] : ['emptied'];
        process.stdout.write(
          [id, givenUpAt.toISOString(), attempts, source, sourceId, errorMessage, ...emptied].join('\t') +
            '\n',
        );
      }
      if (items.length === 0) process.stdout.write('No dead letters.\n');
    });
}

/** What a command on one dead letter works with: a transaction of its own, and what tells the audit trail of it. */
interface Acting {
  readonly tx: ClientBase;
  readonly told: (act: OperatorAct, item: DeadItem) => readonly NewItem[];
  readonly enqueue: Enqueue;
  readonly retry: RetryDeadLetter;
}

function idCommand(
  name: string,
  description: string,
  act: (acting: Acting, id: number) => Promise<string>,
): Command {
  return new Command(name)
    .description(description)
    .argument('<id...>', 'ids as listed')
    .addOption(configOption())
    .action(async (ids: readonly string[], { config }: { config?: string }) => {
      await withDatabase(config, async (pool, settings) => {
        const told = createTold(settings);
        const payloads = createPayloadCodec(settings.database.encryptionKeys);
        const enqueue = createEnqueue(payloads);
        const retry = createRetryDeadLetter({ enqueue, payloads });
        for (const id of ids) {
          const result = await inTransaction(pool, (tx) => act({ tx, told, enqueue, retry }, Number(id)));
          if (result === 'missing' || result === 'emptied') process.exitCode = 1;
          process.stdout.write(`${id}: ${result}\n`);
        }
      });
    });
}

function createTold(config: Config): Acting['told'] {
  const trail = composeAuditTrail(config, clock);
  return (act, { source, sourceId }) =>
    trail.itemsOf({ source: 'command', sourceId: `${act} ${randomUUID()}` }, [
      { kind: 'operated', act, by: operator(), target: `${source} ${sourceId}` },
    ]);
}
