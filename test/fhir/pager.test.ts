// Paging by stamp: all is read, however few a server hands out at once and however many bear one stamp.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Position, SortedPage } from '../../src/fhir/pager.ts';
import { BEGINNING, instant, pagesByStamp } from '../../src/fhir/pager.ts';

interface Stamped {
  readonly id: number;
  readonly meta: { readonly lastUpdated: string };
}

const at = (id: number, stamp: number): Stamped => ({ id, meta: { lastUpdated: instant(stamp) } });

/** A server that holds resources and hands out at most `cap` of them at once, with or without links to the next page. */
function serverOf(stamps: readonly number[], cap: number, links: boolean) {
  const all = stamps.toSorted((a, b) => a - b).map((stamp, id) => at(id, stamp));
  const asked: string[] = [];
  const pageOf = (found: readonly Stamped[], size: number): SortedPage<Stamped> => {
    const count = Math.min(size, cap);
    const rest = found.slice(count);
    return {
      resources: found.slice(0, count),
      readNext:
        links && rest.length > 0
          ? () => {
              asked.push('link');
              return Promise.resolve(pageOf(rest, size));
            }
          : undefined,
    };
  };
  const read = ({ from, size }: Position): Promise<SortedPage<Stamped>> => {
    asked.push(`${Date.parse(from)} ${size}`);
    return Promise.resolve(
      pageOf(
        all.filter(({ meta }) => meta.lastUpdated >= from),
        size,
      ),
    );
  };
  const readStamp = (position: Position): Promise<SortedPage<Stamped> | undefined> => {
    asked.push(`stamp ${Date.parse(position.from)}`);
    const found = all.filter(({ meta }) => meta.lastUpdated === position.from);
    const page = { ...pageOf(found, position.size), total: found.length };
    return Promise.resolve(found.length > 0 ? page : undefined);
  };
  return { read, readStamp, asked };
}

async function readAll(
  stamps: readonly number[],
  { cap, links, size = 50 }: { cap: number; links: boolean; size?: number },
) {
  const { asked, ...server } = serverOf(stamps, cap, links);
  const found: number[] = [];
  let incomplete = 0;
  for await (const { page, isIncomplete } of pagesByStamp(
    { ...server, what: 'Task' },
    { from: BEGINNING, size },
  )) {
    found.push(...page.resources.map(({ id }) => id));
    if (isIncomplete) incomplete += 1;
  }
  return { found: new Set(found), asked, incomplete };
}

describe('all is found of a server that gives links', () => {
  const batches = [3000, 3000, 3000, ...Array.from({ length: 120 }, () => 5000), 7000, 7000, 9000];

  test.each([1, 2, 50])('and hands out %d at once', async (cap) => {
    const { found } = await readAll(batches, { cap, links: true });
    expect(found.size).toBe(batches.length);
  });

  test('whatever the stamps, the page and the cap', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        async (stamps, cap, size) => {
          expect((await readAll(stamps, { cap, links: true, size })).found.size).toBe(stamps.length);
        },
      ),
    );
  });

  test('whose links it follows only where a stamp leads no further', async () => {
    const { asked } = await readAll([1, 2, 3, 4, 5], { cap: 3, links: true });
    expect(asked).toEqual(['0 50', '3 50', '5 50']);
    const ofOneStamp = await readAll([1, 1, 1, 1, 2], { cap: 2, links: true });
    expect(ofOneStamp.asked).toEqual(['0 50', '1 50', 'link', 'link', '2 50']);
  });

  test('and a page full of one stamp is not asked for again in a larger one', async () => {
    const { found, asked } = await readAll(
      Array.from({ length: 2500 }, () => 1),
      {
        ...{ cap: 1000, links: true, size: 1000 },
      },
    );
    expect([found.size, asked]).toEqual([2500, ['0 1000', '1 1000', 'link', 'link']]);
  });
});

describe('of a server without links', () => {
  test('all is found, page by page, as long as none is full of one stamp', async () => {
    const stamps = Array.from({ length: 20 }, (_, index) => index + 1);
    const { found, asked } = await readAll(stamps, { cap: 7, links: false });
    expect([found.size, asked]).toEqual([20, ['0 50', '7 50', '13 50', '19 50', '20 50']]);
  });

  test('a page that leads no further, though the server hands out no more at once, is told from the end', async () => {
    const stamps = [...Array.from({ length: 9 }, () => 1), 2];
    const { found, asked, incomplete } = await readAll(stamps, { cap: 3, links: false });
    expect([found.size, asked]).toEqual([4, ['0 50', '1 50', 'stamp 1', '2 50']]);
    expect(incomplete).toBe(1);
  });
});

test('links without end are given up on', async () => {
  const endless: SortedPage<Stamped> = { resources: [at(1, 0)], readNext: () => Promise.resolve(endless) };
  const paging = {
    read: () => Promise.resolve(endless),
    readStamp: () => Promise.resolve(endless),
    what: 'Task',
  };
  const reading = (async () => {
    let pages = 0;
    for await (const { page } of pagesByStamp(paging, { from: BEGINNING, size: 10 })) {
      pages += page.resources.length;
    }
    return pages;
  })();
  await expect(reading).rejects.toThrow('more than 10000 links bear one lastUpdated');
});

test('a stop between pages ends the reading', async () => {
  const stop = new AbortController();
  const { asked, ...server } = serverOf([1, 2, 3], 1, false);
  const reading = (async () => {
    for await (const { next } of pagesByStamp(
      { ...server, what: 'Task' },
      { from: BEGINNING, size: 1 },
      stop.signal,
    )) {
      if (next !== undefined) stop.abort();
    }
  })();
  await expect(reading).rejects.toThrow('aborted');
  expect(asked).toHaveLength(1);
});
