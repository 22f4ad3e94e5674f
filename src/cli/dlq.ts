// `dlq list`, `dlq retry`, `dlq discard`: the dead letters, for an operator. Their content is never shown.
import { Command, Option } from 'commander';
import type { Pool } from 'pg';
import { inTransaction } from '../inbox/database.ts';
import { discardDeadLetter, listDeadLetters, retryDeadLetter } from '../inbox/dead-letters.ts';
import { configOption, withDatabase } from './options.ts';

const PAGE = 100;

/** The command `dlq`. */
export function dlqCommand(): Command {
  return new Command('dlq')
    .description('List, retry and discard dead letters')
    .addCommand(listCommand())
    .addCommand(
      idCommand('retry', 'Put a dead letter back, at the end of its conversation', (pool, id) =>
        inTransaction(pool, (tx) => retryDeadLetter(tx, id)),
      ),
    )
    .addCommand(
      idCommand('discard', 'Forget a dead letter for good', async (pool, id) =>
        (await discardDeadLetter(pool, id)) ? 'discarded' : 'missing',
      ),
    );
}

function listCommand(): Command {
  return new Command('list')
    .description(`List ${PAGE} dead letters: id, time, attempts, what it was, why it failed`)
    .addOption(configOption())
    .addOption(new Option('--after <id>', 'only those after this id').default('0'))
    .action(async ({ config, after }: { config?: string; after: string }) => {
      const items = await withDatabase(config, (pool) =>
        listDeadLetters(pool, { after: Number(after), limit: PAGE }),
      );
      for (const { id, givenUpAt, attempts, source, sourceId, errorMessage } of items) {
        process.stdout.write(
          [id, givenUpAt.toISOString(), attempts, source, sourceId, errorMessage].join('\t') + '\n',
        );
      }
      if (items.length === 0) process.stdout.write('No dead letters.\n');
    });
}

function idCommand(
  name: string,
  description: string,
  act: (pool: Pool, id: number) => Promise<string>,
): Command {
  return new Command(name)
    .description(description)
    .argument('<id...>', 'ids as listed')
    .addOption(configOption())
    .action(async (ids: readonly string[], { config }: { config?: string }) => {
      await withDatabase(config, async (pool) => {
        for (const id of ids) {
          const result = await act(pool, Number(id));
          if (result === 'missing') process.exitCode = 1;
          process.stdout.write(`${id}: ${result}\n`);
        }
      });
    });
}
