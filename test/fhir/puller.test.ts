// The cursor over `_lastUpdated` against a model of a FHIR server that commits late, changes between pages and fails.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FULL_PASS_EVERY_MS } from '../../src/fhir/puller.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { stored } from '../builders/fhir.ts';
import { pullerOf } from '../builders/pull.ts';
import {
  createServerModel,
  createStoreModel,
  isTimeQuestion,
  iso,
  msOf,
  OVERLAP,
} from '../builders/pull-model.ts';

const noMoreOfStamp = { searchStamp: () => Promise.resolve(undefined) };

interface Incident {
  /** What happens on the server meanwhile: writes with their lag, and time. */
  readonly meanwhile: readonly { readonly id: number; readonly lag: number; readonly tick: number }[];
  /** How much later than what it shows the server’s time is that an answer bears. */
  readonly stampedAfter: number;
  readonly crash: 'before' | 'after' | 'no';
}

const incident: fc.Arbitrary<Incident> = fc.record({
  meanwhile: fc.array(
    fc.record({
      id: fc.integer({ min: 0, max: 5 }),
      lag: fc.oneof(fc.constant(0), fc.constant(OVERLAP), fc.integer({ min: 0, max: OVERLAP })),
      tick: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(0, 0, 1, 3, OVERLAP) },
        { weight: 1, arbitrary: fc.constantFrom(FULL_PASS_EVERY_MS / 3, FULL_PASS_EVERY_MS) },
      ),
    }),
    { maxLength: 3 },
  ),
  stampedAfter: fc.constantFrom(0, 0, 1, OVERLAP),
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
          fc.integer({ min: 1, max: 12 }),
          fc.boolean(),
          fc.boolean(),
          async (incidents, pageSize, hasWitness, counts) => {
            const server = createServerModel();
            const store = createStoreModel();
            const script = [...incidents];
            let firstAsked: number | undefined;
            let asked = Number.NaN;
            let start: { ms: number; endedAtStep: number } | undefined;

            const during = <T>(work: (stampedAfter: number) => T): Promise<T> => {
              const { meanwhile = [], crash = 'no', stampedAfter = 0 } = script.shift() ?? {};
              for (const { id, lag, tick } of meanwhile) {
                server.tick(tick);
                server.write(id, lag);
              }
              if (crash === 'before') return Promise.reject(new Error('died before'));
              server.step += 1;
              const result = work(stampedAfter);
              return crash === 'after' ? Promise.reject(new Error('died after')) : Promise.resolve(result);
            };
            const begin = () =>
              pullerOf({
                server: {
                  search: (_type, query, count) =>
                    during((stampedAfter) => {
                      const isFirst = isTimeQuestion(query);
                      if (isFirst) firstAsked ??= server.step;
                      const page = server.search(query, count);
                      if (!isFirst) server.tick(stampedAfter);
                      else asked = server.now;
                      return { ...page, serverTime: iso(server.now) };
                    }),
                  searchStamp: (_type, _query, stamp) => during(() => server.searchStamp(stamp)),
                  count: (_type, query) => during(() => (counts ? server.count(query) : undefined)),
                },
                clock: { monotonicMs: () => server.now },
                ...{ pageSize, readFrom },
                store: (resources) => during(() => store.store(resources)),
                storeAsKnown: (resources) => during(() => store.storeAsKnown(resources)),
                readCursor: () => during(() => store.cursor),
                ...(hasWitness && {
                  witness: {
                    read: () => during(() => store.newest()),
                    find: () => Promise.resolve(false),
                  },
                }),
                saveCursor: (cursor, forgetBefore) =>
                  during(() => {
                    store.saveCursor(cursor, forgetBefore);
                    start ??= { ms: asked, endedAtStep: server.step };
                  }),
              });
            let puller = begin();
            const pass = async (): Promise<void> => {
              await puller().catch(() => {
                // As another replica goes on, or this one.
                if (script.length % 2 === 0) puller = begin();
              });
            };

            while (script.length > 0) await pass();
            server.tick(OVERLAP); // whatever is under way gets committed
            await pass();
            server.tick(FULL_PASS_EVERY_MS);
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
  const found = await pullerOf({
    server: {
      search: (_type, query, count) => {
        const serverTime = iso(1_000_000);
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
    ...{ pageSize, readFrom: 'beginning' },
    store: (resources) => Promise.resolve(store.store(resources)),
    readCursor: () => Promise.resolve(cursor),
    saveCursor: (position, forgetBefore) => {
      store.saveCursor(position, forgetBefore);
      return Promise.resolve();
    },
  })();
  return { asked, found, cursor: store.cursor, handedOn: store.handedOn.map(({ id }) => id) };
}

describe('pages', () => {
  test('begin where the last one ended, equal time stamps included; one that leads no further is followed by all of its stamp', async () => {
    const { asked, found, cursor } = await passOver([100, 100, 100, 100, 100, 101], {
      pageSize: 2,
      cursor: iso(90),
    });
    const from = 70 - FULL_PASS_EVERY_MS;
    expect(asked).toEqual([
      [from, 2],
      [from, 2],
      [100, 2],
      ['stamp', 100],
      [101, 2],
    ]);
    expect([found, cursor]).toEqual([6, iso(1_000_000)]);
  });

  test('of a server that gives fewer resources than requested are read to the end', async () => {
    const stamps = Array.from({ length: 9 }, (_, index) => 100 + index);
    const { handedOn, cursor } = await passOver(stamps, { pageSize: 200, cap: 2, cursor: iso(90) });
    expect(handedOn).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(cursor).toBe(iso(1_000_000));
  });

  test('of an idle server are read once, and the cursor moves to the server’s time', async () => {
    const { asked, cursor } = await passOver([], { pageSize: 200, cursor: iso(500) });
    expect([asked, cursor]).toEqual([[[480 - FULL_PASS_EVERY_MS, 200]], iso(1_000_000)]);
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
  await pullerOf({
    server: { ...noMoreOfStamp, search: () => Promise.resolve({ resources, serverTime: iso(1000) }) },
    store: (page) => Promise.resolve(store.store(page)),
    readCursor: () => Promise.resolve(iso(100)),
  })();
  expect(store.handedOn.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
});

test('a server that does not give its time cannot be read from now on', async () => {
  const pass = pullerOf({
    server: { ...noMoreOfStamp, search: () => Promise.resolve({ resources: [], serverTime: undefined }) },
    resourceType: 'CareTeam',
  });
  await expect(pass()).rejects.toThrow(/meta\.lastUpdated/);
});

test('what stands in the place of a resource is set aside, and the cursor goes on', async () => {
  const [aside, cursors]: [unknown[], string[]] = [[], []];
  const malformed = [{ id: 'odd' }];
  const resources = [stored('Communication/1', '1', iso(100))];
  await pullerOf({
    server: {
      ...noMoreOfStamp,
      search: () => Promise.resolve({ resources, malformed, serverTime: iso(1000) }),
    },
    store: (page) => Promise.resolve(page.length),
    setAside: (found, place) => {
      aside.push([found, place]);
      return Promise.resolve();
    },
    readCursor: () => Promise.resolve(iso(90)),
    saveCursor: (cursor) => {
      cursors.push(cursor);
      return Promise.resolve();
    },
  })();
  expect(aside[0]).toEqual([malformed, `from ${iso(100)}`]);
  expect(cursors.at(-1)).toBe(iso(1000));
});
