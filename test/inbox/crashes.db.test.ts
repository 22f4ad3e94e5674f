// The promise of the log, under random work and random deaths: nothing lost, nothing twice, nothing out of order.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAYLOAD_COLUMNS } from '../../src/at-rest/payload-columns.ts';
import { countUnderOtherKeys, rewritePayloads } from '../../src/at-rest/rotation.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { encryptedPayloads, plainPayloads } from '../builders/payloads.ts';
import { LENGTH, SEED } from '../builders/random.ts';
import { itemsOf, useDatabase } from './support/database.ts';
import { eventually } from './support/time.ts';
import { createWorld, type Keys, type Plan, type Scene } from './support/world.ts';

const database = useDatabase();

/** What the handler does at its first attempts; after that it succeeds. Poison never does. */
const plan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Plan>([]) },
  {
    weight: 5,
    arbitrary: fc.array(
      fc.constantFrom('later', 'retry', 'throw', 'throw after effect', 'record throws', 'ignored'),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Plan>('poison', 'dead') },
);

const scene: fc.Arbitrary<Scene> = fc.record({
  batches: fc.array(
    fc.record({
      items: fc.array(fc.record({ lane: fc.constantFrom('a', 'b', 'c', 'd', 'e'), plan }), {
        minLength: 1,
        maxLength: 6,
      }),
      rolledBackFirst: fc.boolean(),
      sentTwice: fc.boolean(),
    }),
    { minLength: 2, maxLength: 10 },
  ),
  /** The step at which each process dies, in the order of their starts; those after them live. */
  deaths: fc.array(fc.integer({ min: 8, max: 150 }), { maxLength: 6 }),
  /** The handler calls at which all sessions are cut, while the processes live on. */
  cuts: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 2 }),
  slots: fc.integer({ min: 1, max: 3 }),
});

test(
  'whatever fails, throws, comes twice or dies at whatever step: each effect once, in order, none without warning',
  async () => {
    const enough = performance.now() + 15_000 * LENGTH; // a busy machine plays fewer scenes, not longer
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        if (performance.now() > enough) return;
        await database.pool.query('truncate lane, item, replica, dead_letter');
        const world = await createWorld(database, given);
        try {
          await world.play();
          world.check(await world.look());
        } finally {
          world.end();
        }
      }),
      { seed: SEED, numRuns: 60 * LENGTH, endOnFailure: true },
    );
  },
  60_000 * LENGTH,
);

test(
  'the same while keys change: what was stored plain or with the key before is encrypted anew, and says what was sent',
  async () => {
    const enough = performance.now() + 15_000 * LENGTH;
    const keys: Keys = {
      senders: [plainPayloads, encryptedPayloads('old'), encryptedPayloads('new', 'old')],
      // One has not been restarted yet since the new key became the first.
      processes: [encryptedPayloads('old', 'new'), encryptedPayloads('new', 'old')],
    };
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        if (performance.now() > enough) return;
        await database.pool.query('truncate lane, item, replica, dead_letter');
        const world = await createWorld(database, given, keys);
        try {
          await world.play();
          world.check(await world.look());
        } finally {
          world.end();
        }
        const present = encryptedPayloads('new', 'old');
        // What a process had in hand as it died is passed over until PostgreSQL has noticed.
        await eventually(async () => {
          for (const column of PAYLOAD_COLUMNS)
            await inTransaction(database.pool, (tx) => rewritePayloads(tx, present, column, 1_000));
          return Object.keys(await countUnderOtherKeys(database.pool, present)).length === 0;
        });
      }),
      { seed: SEED, numRuns: 40 * LENGTH, endOnFailure: true },
    );
  },
  60_000 * LENGTH,
);

test('a death right between the effect and its acknowledgement leads to one more attempt, which is warned', async () => {
  const world = await createWorld(database, {
    batches: [],
    deaths: [],
    cuts: [],
    slots: 1,
    dieAfterEffectOf: 'a-2',
  });
  try {
    await database.enqueue(...itemsOf('a', 3));
    await eventually(database.lanesAreIdle);
    expect(world.attempts.map(({ id, inDoubt, known }) => ({ id, inDoubt, known }))).toEqual([
      { id: 'a-1', inDoubt: false, known: false },
      { id: 'a-2', inDoubt: false, known: false },
      { id: 'a-2', inDoubt: true, known: true },
      { id: 'a-3', inDoubt: false, known: false },
    ]);
    expect(world.effects).toEqual(['a-1', 'a-2', 'a-3']);
  } finally {
    world.end();
  }
});
