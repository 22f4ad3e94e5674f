// What one author writes after another is handed on after it, though other authors' writes are committed in between.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pullOnce } from '../../src/fhir/puller.ts';
import { createServerModel, createStoreModel, OVERLAP } from '../builders/pull-model.ts';

const AUTHORS = 3;
const never = new AbortController().signal;
const noWitness = {
  readWitness: () => Promise.resolve(undefined),
  findWitness: () => Promise.resolve(false),
};

test('the messages of an author who waits for each answer keep their order on all pages', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: OVERLAP })), {
        minLength: 10,
        maxLength: 80,
      }),
      fc.integer({ min: 1, max: 6 }),
      async (script, pageSize) => {
        const server = createServerModel();
        const store = createStoreModel();
        store.cursor = new Date(0).toISOString();
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
        const pass = (): Promise<unknown> =>
          pullOnce(
            {
              server: {
                search: (_type, query, count) => goOn(() => server.search(query, count)),
                searchStamp: (_type, _query, stamp) => goOn(() => server.searchStamp(stamp)),
              },
              resourceType: 'Communication',
              pageSize,
              overlapMs: OVERLAP + AUTHORS,
              readFrom: 'beginning',
              store: (resources) => goOn(() => store.store(resources)),
              ...noWitness,
              setAside: () => Promise.resolve(),
              storeAsKnown: (resources) => goOn(() => store.storeAsKnown(resources)),
              readCursor: () => Promise.resolve(store.cursor),
              saveCursor: (cursor, forgetBefore) => {
                store.saveCursor(cursor, forgetBefore);
                return Promise.resolve();
              },
            },
            never,
          );
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
