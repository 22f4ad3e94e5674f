// What a reader asks, pass after pass: once where that is enough, back by the full overlap every so often, and on from the last page that was stored.
import { describe, expect, test } from 'vitest';
import { FULL_PASS_EVERY_MS } from '../../src/fhir/puller.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { pullerOf } from '../builders/pull.ts';
import {
  createServerModel,
  createStoreModel,
  iso,
  msOf,
  OVERLAP,
  SHORT_OVERLAP,
} from '../builders/pull-model.ts';

/** Passes over a server that has twelve Communications from before, which were read. */
async function reader({ pageSize = 200, hasWitness = true, isPutBack = false } = {}) {
  const server = createServerModel();
  const store = createStoreModel();
  const asked: string[] = [];
  const shown: string[] = [];
  const saved: string[] = [];
  const looked: string[] = [];
  let isAway = false;
  const begin = () =>
    pullerOf({
      server: {
        search: (_type, query, count) => {
          if (isAway) {
            isAway = false;
            return Promise.reject(new Error('away'));
          }
          const page = server.search(query, count);
          asked.push(query.map(([name, value]) => `${name}=${value}`).join('&'));
          shown.push(...page.resources.map(({ id }) => id));
          return Promise.resolve(page);
        },
        searchStamp: (_type, _query, stamp) => {
          asked.push('stamp');
          return Promise.resolve(server.searchStamp(stamp));
        },
      },
      clock: { monotonicMs: () => server.now },
      ...{ pageSize, readFrom: 'beginning' },
      store: (resources) => Promise.resolve(store.store(resources)),
      readCursor: () => Promise.resolve(store.cursor),
      saveCursor: (cursor, forgetBefore) => {
        store.saveCursor(cursor, forgetBefore);
        saved.push(cursor);
        return Promise.resolve();
      },
      ...(hasWitness && {
        witness: {
          read: () => Promise.resolve(store.newest()),
          find: ({ reference }) => {
            looked.push(reference);
            return Promise.resolve(isPutBack);
          },
        },
      }),
    });
  for (let id = 0; id < 12; id += 1) {
    server.write(id, 0);
    server.tick(1);
  }
  let pass = begin();
  await pass();
  const took = () => ({
    asked: asked.splice(0),
    shown: shown.splice(0),
    saved: saved.splice(0),
    looked: looked.splice(0),
  });
  took();
  /** Until a pass is full again, and it was made. */
  const untilFull = async () => {
    server.tick(FULL_PASS_EVERY_MS);
    await pass();
    return took();
  };
  return {
    ...{ server, store, took, untilFull },
    pass: () => pass(),
    restart: () => {
      pass = begin();
    },
    /** Has the next request fail. */
    fail: () => {
      isAway = true;
    },
  };
}

const fromOf = (asked: readonly string[]): number =>
  msOf((asked[0] ?? '').replace(/^_lastUpdated=ge(.*?)&.*$/, '$1'));

describe('on a quiet server', () => {
  test('a pass asks once and is shown nothing again but the version that was read last; the cursor stays', async () => {
    const { server, pass, took, untilFull } = await reader();
    await untilFull();
    const cursors = new Set<string>();
    for (let passes = 0; passes < 5; passes += 1) {
      server.tick(FULL_PASS_EVERY_MS / 10);
      await pass();
      const { saved, ...rest } = took();
      expect(rest).toMatchObject({ asked: [expect.any(String)], shown: ['11'], looked: [] });
      for (const cursor of saved) cursors.add(cursor);
    }
    expect(cursors.size).toBe(1);
  });

  test('nor does a full pass, which moves the cursor to the server’s time', async () => {
    const { server, untilFull } = await reader();
    await untilFull();
    const { asked, shown, saved } = await untilFull();
    expect([asked.length, shown, saved]).toEqual([1, ['11'], [iso(server.now)]]);
  });

  test('nothing is shown where nobody looks for a witness', async () => {
    const { untilFull } = await reader({ hasWitness: false });
    await untilFull();
    const { asked, shown } = await untilFull();
    expect([asked.length, shown]).toEqual([1, []]);
  });

  test('the version that was read last is looked for by itself where many bear its stamp', async () => {
    const { server, pass, took, untilFull } = await reader();
    for (let id = 100; id < 130; id += 1) server.write(id, 0);
    await pass();
    server.tick(OVERLAP);
    await untilFull();
    await untilFull();
    took();
    server.tick(1000);
    await pass();
    const { asked, shown, looked } = took();
    expect([asked.length, shown]).toEqual([1, []]);
    expect(looked).toHaveLength(1);
  });
});

/** Commits a Communication late; meanwhile another one is written, and read. */
async function commitLate(
  server: ReturnType<typeof createServerModel>,
  id: number,
  pass: () => Promise<unknown>,
): Promise<void> {
  server.write(id, OVERLAP);
  server.tick(1);
  server.write(id + 1000, 0);
  for (let ms = 1; ms < OVERLAP; ms += 1) {
    await pass();
    server.tick(1);
  }
  expect(server.current.has(id)).toBe(true);
}

test('on a server that has one resource, a quiet pass asks for others, and how many these are', async () => {
  const server = createServerModel();
  const store = createStoreModel();
  const asked: string[] = [];
  server.write(1, 0);
  const pass = pullerOf({
    server: {
      search: (_type, query, count) => {
        asked.push(`search ${count}`);
        return Promise.resolve(server.search(query, count));
      },
      searchStamp: () => Promise.reject(new Error('asked for a stamp')),
      count: (_type, query) => {
        asked.push('count');
        return Promise.resolve(server.count(query));
      },
    },
    readFrom: 'beginning',
    witness: { read: () => Promise.resolve(store.newest()), find: () => Promise.resolve(false) },
    store: (resources) => Promise.resolve(store.store(resources)),
    readCursor: () => Promise.resolve(store.cursor),
    saveCursor: (cursor, forgetBefore) => {
      store.saveCursor(cursor, forgetBefore);
      return Promise.resolve();
    },
  });
  await pass();
  asked.splice(0);
  await pass();
  expect(asked).toEqual(['search 200', 'search 10', 'count']);
});

describe('what is new', () => {
  test('is read by one request', async () => {
    const { server, store, pass, took } = await reader();
    server.tick(1000);
    server.write(50, 0);
    await pass();
    expect(took().asked).toHaveLength(1);
    expect(store.handedOn.at(-1)).toEqual({ id: 50, version: 1 });
  });

  test('and became visible later than the short overlap, yet within the full one, is found by the next full pass', async () => {
    const { server, store, pass, untilFull } = await reader();
    await commitLate(server, 50, pass);
    server.write(51, 0);
    await pass();
    expect(store.handedOn.at(-1)).toEqual({ id: 51, version: 1 });
    await untilFull();
    expect(store.handedOn.at(-1)).toEqual({ id: 50, version: 1 });
  });

  test('and became visible while another reader took over is found by its first pass', async () => {
    const { server, store, pass, restart } = await reader();
    await commitLate(server, 50, pass);
    restart();
    await pass();
    expect(store.handedOn.at(-1)).toEqual({ id: 50, version: 1 });
  });

  test('and is more than a page is read within the bound of the first answer, page by page', async () => {
    const { server, store, pass, took } = await reader({ pageSize: 12 });
    server.tick(1000);
    for (let id = 100; id < 130; id += 1) {
      server.write(id, 0);
      server.tick(1);
    }
    await pass();
    const { asked } = took();
    const bound = `_lastUpdated=lt${iso(server.now)}`;
    expect(asked.map((each) => each.includes(bound))).toEqual([false, ...asked.slice(1).map(() => true)]);
    expect(store.handedOn.slice(-30).map(({ id }) => id)).toEqual(
      Array.from({ length: 30 }, (_, id) => id + 100),
    );
  });
});

test('a pass goes back by the short overlap, or to the version that was read last; a full one by the full overlap', async () => {
  const { server, pass, took, untilFull } = await reader({ hasWitness: false });
  await untilFull();
  const full = server.now;
  server.tick(1000);
  await pass();
  expect(fromOf(took().asked)).toBe(full - SHORT_OVERLAP);
  const { asked } = await untilFull();
  expect(fromOf(asked)).toBe(full - OVERLAP);
});

describe('a full pass follows', () => {
  test('a failure', async () => {
    const { server, pass, took, untilFull, fail } = await reader({ hasWitness: false });
    await untilFull();
    const full = server.now;
    fail();
    await expect(pass()).rejects.toThrow('away');
    await pass();
    expect(fromOf(took().asked)).toBe(full - FULL_PASS_EVERY_MS - OVERLAP);
  });

  test('when another reader, or a restoration, moved the cursor', async () => {
    const { server, store, pass, took, untilFull } = await reader({ hasWitness: false });
    await untilFull();
    store.cursor = iso(server.now - 50);
    await pass();
    expect(fromOf(took().asked)).toBe(server.now - 50 - FULL_PASS_EVERY_MS - OVERLAP);
  });

  test('when the server’s clock went back', async () => {
    const { server, pass, took, untilFull } = await reader({ hasWitness: false });
    await untilFull();
    server.now -= 10_000;
    await pass();
    took();
    const back = server.now;
    server.write(50, 0);
    await pass();
    expect(fromOf(took().asked)).toBeLessThanOrEqual(back - OVERLAP);
  });
});

describe('a server that was put back', () => {
  test('is noticed by a short pass before anything later is stored', async () => {
    const { server, store, pass, took } = await reader({ isPutBack: true });
    server.tick(1000);
    await pass();
    took();
    server.current.delete(11);
    server.tick(1000);
    server.write(50, 0);
    await pass();
    expect(took().looked).toEqual(['Communication/11']);
    expect(store.handedOn.map(({ id }) => id)).not.toContain(50);
  });
});

test('the cursor moves page by page, so that a large read that fails goes on from the last page that was stored', async () => {
  const server = createServerModel();
  const store = createStoreModel();
  for (let id = 0; id < 100; id += 1) {
    server.write(id, 0);
    server.tick(OVERLAP + FULL_PASS_EVERY_MS);
  }
  let storing = 0;
  const pass = pullerOf({
    server: {
      search: (_type, query, count) => Promise.resolve(server.search(query, count)),
      searchStamp: (_type, _query, stamp) => Promise.resolve(server.searchStamp(stamp)),
    },
    ...{ pageSize: 20, readFrom: 'beginning' },
    store: (resources: readonly StoredResource[]) => {
      storing += 1;
      return storing === 4 ? Promise.reject(new Error('away')) : Promise.resolve(store.store(resources));
    },
    readCursor: () => Promise.resolve(store.cursor),
    saveCursor: (cursor, forgetBefore) => {
      store.saveCursor(cursor, forgetBefore);
      return Promise.resolve();
    },
  });
  await expect(pass()).rejects.toThrow('away');
  const kept = store.handedOn.length;
  expect(kept).toBeGreaterThan(40);
  expect(store.cursor).toBe(server.search([], 100).resources[kept]?.meta.lastUpdated);
  expect(await pass()).toBe(100 - kept);
});
