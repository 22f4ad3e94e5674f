// The cursor over `_lastUpdated` against a model of a FHIR server that commits late, changes between pages and fails.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pullOnce } from '../../src/fhir/puller.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { stored } from '../builders/fhir.ts';
import {
  createServerModel,
  createStoreModel,
  isTimeQuestion,
  iso,
  msOf,
  OVERLAP,
} from '../builders/pull-model.ts';

const never = new AbortController().signal;
const noWitness = {
  readWitness: () => Promise.resolve(undefined),
  findWitness: () => Promise.resolve(false),
};
const noMoreOfStamp = { searchStamp: () => Promise.resolve(undefined) };

interface Incident {
  /** What happens on the server meanwhile: writes with their lag, and time. */
  readonly meanwhile: readonly { readonly id: number; readonly lag: number; readonly tick: number }[];
  readonly crash: 'before' | 'after' | 'no';
}

const incident: fc.Arbitrary<Incident> = fc.record({
  meanwhile: fc.array(
    fc.record({
      id: fc.integer({ min: 0, max: 5 }),
      lag: fc.oneof(fc.constant(0), fc.constant(OVERLAP), fc.integer({ min: 0, max: OVERLAP })),
      tick: fc.constantFrom(0, 0, 1, 3, OVERLAP),
    }),
    { maxLength: 3 },
  ),
  crash: fc.oneof(
    { weight: 8, arbitrary: fc.constant('no' as const) },
    { weight: 1, arbitrary: fc.constantFrom('before' as const, 'after' as const) },
  ),
});

describe('if the server changes between pages, or the process dies anywhere', () => {
  test.each(['beginning', 'now'] as const)(
    'from %s: all that stays current is handed on, once, in the order of versions',
    async (readFrom) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(incident, { maxLength: 60 }),
          fc.integer({ min: 1, max: 8 }),
          async (incidents, pageSize) => {
            const server = createServerModel();
            const store = createStoreModel();
            const script = [...incidents];
            let firstAsked: number | undefined;
            let asked = Number.NaN;
            let start: { ms: number; endedAtStep: number } | undefined;

            const during = <T>(work: () => T): Promise<T> => {
              const { meanwhile = [], crash = 'no' } = script.shift() ?? {};
              for (const { id, lag, tick } of meanwhile) {
                server.tick(tick);
                server.write(id, lag);
              }
              if (crash === 'before') return Promise.reject(new Error('died before'));
              server.step += 1;
              const result = work();
              return crash === 'after' ? Promise.reject(new Error('died after')) : Promise.resolve(result);
            };
            const pass = (): Promise<unknown> =>
              pullOnce(
                {
                  server: {
                    search: (_type, query, count) =>
                      during(() => {
                        if (isTimeQuestion(query)) {
                          firstAsked ??= server.step;
                          asked = server.now;
                        }
                        return server.search(query, count);
                      }),
                    searchStamp: (_type, _query, stamp) => during(() => server.searchStamp(stamp)),
                  },
                  resourceType: 'Communication',
                  pageSize,
                  overlapMs: OVERLAP,
                  readFrom,
                  store: (resources) => during(() => store.store(resources)),
                  ...noWitness,
                  setAside: () => Promise.resolve(),
                  storeAsKnown: (resources) => during(() => store.storeAsKnown(resources)),
                  readCursor: () => during(() => store.cursor),
                  saveCursor: (cursor, forgetBefore) =>
                    during(() => {
                      store.saveCursor(cursor, forgetBefore);
                      start ??= { ms: asked, endedAtStep: server.step };
                    }),
                },
                never,
              ).catch(() => undefined);

            while (script.length > 0) await pass();
            server.tick(OVERLAP); // whatever is under way gets committed
            await pass();
            const complete = store.handedOn.length;
            await pass();

            const isOnce = new Set(store.handedOn.map(({ id, version }) => `${id}/${version}`));
            expect(isOnce.size).toBe(store.handedOn.length);
            expect(store.handedOn.length).toBe(complete);
            for (const id of server.current.keys()) {
              const versions = store.handedOn
                .filter((found) => found.id === id)
                .map(({ version }) => version);
              expect(versions).toEqual(versions.toSorted((a, b) => a - b));
            }
            for (const { id, version, stamp, committedAtStep } of server.current.values()) {
              const isNew =
                readFrom === 'beginning' ||
                (start !== undefined && (stamp > start.ms || committedAtStep > start.endedAtStep));
              if (isNew) expect(isOnce).toContain(`${id}/${version}`);
              const isOld = readFrom === 'now' && firstAsked !== undefined && committedAtStep < firstAsked;
              if (isOld) expect(isOnce).not.toContain(`${id}/${version}`);
            }
          },
        ),
        { numRuns: 1500 },
      );
    },
  );
});

/** Passes over a fixed set of stamps; `cap` is the most that the server hands out at once. */
async function passOver(
  stamps: readonly number[],
  { pageSize, cap = 1000, cursor }: { pageSize: number; cap?: number; cursor?: string },
) {
  const asked: (readonly [from: number | 'stamp', count: number])[] = [];
  const store = createStoreModel();
  const all = stamps.map((stamp, id) => stored(`Communication/${id}`, '1', iso(stamp)));
  const found = await pullOnce(
    {
      server: {
        search: (_type, query, count) => {
          const serverTime = iso(1_000_000);
          if (isTimeQuestion(query)) return Promise.resolve({ resources: [], serverTime });
          const from = msOf((query[0]?.[1] ?? '').replace(/^ge/, ''));
          asked.push([from, count]);
          const resources = all
            .filter(({ meta }) => msOf(meta.lastUpdated) >= from)
            .slice(0, Math.min(count, cap));
          return Promise.resolve({ resources, serverTime });
        },
        searchStamp: (_type, _query, { from }) => {
          asked.push(['stamp', msOf(from)]);
          const resources = all.filter(({ meta }) => meta.lastUpdated === from);
          return Promise.resolve(resources.length > 0 ? { resources, serverTime: undefined } : undefined);
        },
      },
      resourceType: 'Communication',
      pageSize,
      overlapMs: OVERLAP,
      readFrom: 'beginning',
      store: (resources) => Promise.resolve(store.store(resources)),
      ...noWitness,
      setAside: () => Promise.resolve(),
      storeAsKnown: (resources) => Promise.resolve(store.storeAsKnown(resources)),
      readCursor: () => Promise.resolve(cursor),
      saveCursor: (position, forgetBefore) => {
        store.saveCursor(position, forgetBefore);
        return Promise.resolve();
      },
    },
    never,
  );
  return { asked, found, cursor: store.cursor, handedOn: store.handedOn.map(({ id }) => id) };
}

describe('pages', () => {
  test('begin where the last one ended, equal time stamps included; one that leads no further is followed by all of its stamp', async () => {
    const { asked, found, cursor } = await passOver([100, 100, 100, 100, 100, 101], {
      pageSize: 2,
      cursor: iso(90),
    });
    expect(asked).toEqual([
      [70, 2],
      [100, 2],
      ['stamp', 100],
      [101, 2],
    ]);
    expect([found, cursor]).toEqual([6, iso(101)]);
  });

  test('of a server that gives fewer resources than requested are read to the end', async () => {
    const stamps = Array.from({ length: 9 }, (_, index) => 100 + index);
    const { handedOn, cursor } = await passOver(stamps, { pageSize: 200, cap: 2, cursor: iso(90) });
    expect(handedOn).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(cursor).toBe(iso(108));
  });

  test('of an idle server are read once, and the cursor stays', async () => {
    const { asked, cursor } = await passOver([], { pageSize: 200, cursor: iso(500) });
    expect([asked, cursor]).toEqual([[[480, 200]], iso(500)]);
  });
});

test('resources with one time stamp keep the order in which their authors sent them', async () => {
  const store = createStoreModel();
  const at = (id: number, sent?: string): StoredResource =>
    stored(`Communication/${id}`, '1', iso(100), sent === undefined ? {} : { sent });
  const resources = [
    at(3, '2025-09-26T09:00:03Z'),
    at(1, '2025-09-26T09:00:01+00:00'),
    at(0),
    at(2, '2025-09-26T11:00:02+02:00'),
  ];
  await pullOnce(
    {
      server: { ...noMoreOfStamp, search: () => Promise.resolve({ resources, serverTime: iso(1000) }) },
      resourceType: 'Communication',
      pageSize: 200,
      overlapMs: OVERLAP,
      readFrom: 'now',
      store: (page) => Promise.resolve(store.store(page)),
      ...noWitness,
      setAside: () => Promise.resolve(),
      storeAsKnown: (page) => Promise.resolve(store.storeAsKnown(page)),
      readCursor: () => Promise.resolve(iso(100)),
      saveCursor: () => Promise.resolve(),
    },
    never,
  );
  expect(store.handedOn.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
});

test('a server that does not give its time cannot be read from now on', async () => {
  const pass = pullOnce(
    {
      server: { ...noMoreOfStamp, search: () => Promise.resolve({ resources: [], serverTime: undefined }) },
      resourceType: 'CareTeam',
      pageSize: 1,
      overlapMs: OVERLAP,
      readFrom: 'now',
      store: () => Promise.resolve(0),
      ...noWitness,
      setAside: () => Promise.resolve(),
      storeAsKnown: () => Promise.resolve(0),
      readCursor: () => Promise.resolve(undefined),
      saveCursor: () => Promise.resolve(),
    },
    never,
  );
  await expect(pass).rejects.toThrow(/meta\.lastUpdated/);
});

test('what stands in the place of a resource is set aside, and the cursor goes on', async () => {
  const [aside, cursors]: [unknown[], string[]] = [[], []];
  const malformed = [{ id: 'odd' }];
  const resources = [stored('Communication/1', '1', iso(100))];
  await pullOnce(
    {
      server: {
        ...noMoreOfStamp,
        search: () => Promise.resolve({ resources, malformed, serverTime: iso(1000) }),
      },
      ...{ resourceType: 'Communication', pageSize: 200, overlapMs: OVERLAP, readFrom: 'now' },
      store: (page) => Promise.resolve(page.length),
      ...noWitness,
      setAside: (found, place) => {
        aside.push([found, place]);
        return Promise.resolve();
      },
      storeAsKnown: () => Promise.resolve(0),
      readCursor: () => Promise.resolve(iso(90)),
      saveCursor: (cursor) => {
        cursors.push(cursor);
        return Promise.resolve();
      },
    },
    never,
  );
  expect(aside[0]).toEqual([malformed, `from ${iso(100)}`]);
  expect(cursors).toEqual([iso(100)]);
});
