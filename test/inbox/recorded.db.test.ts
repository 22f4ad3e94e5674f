// Who is told what came of an item is told once it is written down, and can undo nothing of it.
import { expect, test } from 'vitest';
import { itemsOf, useDatabase } from './support/database.ts';
import { useEffects } from './support/effects.ts';
import { useReplicas } from './support/replica.ts';
import { eventually } from './support/time.ts';

const database = useDatabase();
const replicas = useReplicas(database);
const effects = useEffects(database);

test('it is told how long it took to write down what came of an item, once that is written', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const told: unknown[] = [];
  const written: Promise<readonly string[]>[] = [];
  await replicas.start(
    ({ sourceId }) => Promise.resolve({ kind: 'done', record: effects.record(sourceId) }),
    {
      onRecorded: ({ sourceId }, { kind }, tookMs) => {
        told.push([sourceId, kind, tookMs > 0]);
        written.push(effects.read());
      },
    },
  );
  await eventually(() => told.length === 2);
  expect(told).toEqual([
    ['a-1', 'done', true],
    ['a-2', 'done', true],
  ]);
  expect(await written[0]).toContain('a-1');
});

test('an item stays done where the telling fails, and the next is handled', async () => {
  await database.enqueue(...itemsOf('a', 2));
  const handled: string[] = [];
  await replicas.start(
    ({ sourceId }) => {
      handled.push(sourceId);
      return Promise.resolve({ kind: 'done', record: effects.record(sourceId) });
    },
    {
      onRecorded: () => {
        throw new Error('no metric');
      },
    },
  );
  await eventually(database.lanesAreIdle);
  expect([handled, await effects.read()]).toEqual([
    ['a-1', 'a-2'],
    ['a-1', 'a-2'],
  ]);
});
