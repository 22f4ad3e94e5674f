// What one author writes after another is handed on after it, though other authors' writes are committed in between.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pullerOf } from '../builders/pull.ts';
import { createServerModel, createStoreModel, iso, OVERLAP } from '../builders/pull-model.ts';

const AUTHORS = 3;

test('the messages of an author who waits for each answer keep their order on all pages', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: OVERLAP })), {
        minLength: 10,
        maxLength: 80,
      }),
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      fc.boolean(),
      async (script, pageSize, hasWitness, counts) => {
        const server = createServerModel();
        const store = createStoreModel();
        store.cursor = iso(0);
        const written = Array.from({ length: AUTHORS }, () => 0);
        const steps = [...script];

        /** Time goes by; every author whose last message is committed writes the next. */
        const goOn = <T>(work: () => T): Promise<T> => {
          const [tick, lag] = steps.shift() ?? [0, 1];
          server.tick(tick);
          for (const [author, count] of written.entries()) {
            const isAnswered = count === 0 || server.current.has(author * 1000 + count - 1);
            if (!isAnswered) continue;
            server.write(author * 1000 + count, lag + author);
            written[author] = count + 1;
          }
          return Promise.resolve(work());
        };
        const pass = pullerOf({
          server: {
            search: (_type, query, count) => goOn(() => server.search(query, count)),
            searchStamp: (_type, _query, stamp) => goOn(() => server.searchStamp(stamp)),
            count: (_type, query) => goOn(() => (counts ? server.count(query) : undefined)),
          },
          clock: { monotonicMs: () => server.now },
          // What takes longer to be committed than most passes go back keeps no order.
          ...{ pageSize, overlapMs: 3 * OVERLAP, shortOverlapMs: OVERLAP + AUTHORS },
          ...(hasWitness && {
            witness: { read: () => Promise.resolve(store.newest()), find: () => Promise.resolve(false) },
          }),
          store: (resources) => goOn(() => store.store(resources)),
          readCursor: () => Promise.resolve(store.cursor),
          saveCursor: (cursor, forgetBefore) => {
            store.saveCursor(cursor, forgetBefore);
            return Promise.resolve();
          },
        });
        while (steps.length > 0) await pass();
        for (const author of written.keys()) {
          const ids = store.handedOn.map(({ id }) => id).filter((id) => Math.floor(id / 1000) === author);
          expect(ids).toEqual(ids.toSorted((a, b) => a - b));
        }
      },
    ),
    { numRuns: 1500 },
  );
});
