// Messages, edits, answers, reactions and retractions of both sides, shuffled, doubled and delayed, end as in order.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { useBridgeDatabase } from '../../builders/database.ts';
import { LENGTH, SEED, seeded } from '../../builders/random.ts';
import { play, stepsOf, type Life } from '../../builders/shuffled-messages.ts';

const pool = useBridgeDatabase();

const answers = fc.option(fc.nat(4), { nil: undefined });
const life: fc.Arbitrary<Life> = fc.oneof(
  fc.record({
    by: fc.constant('user' as const),
    edits: fc.nat(3),
    redacted: fc.constantFrom('not', 'not', 'the edit', 'whole', 'before it is read'),
    reaction: fc.constantFrom('none', 'given', 'taken back'),
    ...{ answers, inThread: fc.boolean() },
  }),
  fc.record({
    by: fc.constant('platform' as const),
    versions: fc.integer({ min: 1, max: 3 }),
    end: fc.constantFrom('stays', 'stays', 'in error', 'restored', 'deleted'),
    answers,
  }),
);

test(
  'whatever order they come in, the room and the records are the same in the end, and nothing waits any more',
  async () => {
    const enough = performance.now() + 12_000 * LENGTH; // a busy machine plays fewer scenes, not longer
    const scene = fc.record({ lives: fc.array(life, { minLength: 1, maxLength: 8 }), order: fc.integer() });
    await fc.assert(
      fc.asyncProperty(scene, async ({ lives, order }) => {
        if (performance.now() > enough) return;
        const steps = stepsOf(lives);
        const inOrder = await play(pool(), steps, { reactions: 'note' });
        const shuffled = await play(pool(), steps, { reactions: 'note' }, seeded(order));
        expect(shuffled).toEqual(inOrder);
        expect(shuffled.waiting).toBe(0);
      }),
      { seed: SEED, numRuns: 40 * LENGTH, endOnFailure: false, interruptAfterTimeLimit: 40_000 * LENGTH },
    );
  },
  90_000 * LENGTH,
);
