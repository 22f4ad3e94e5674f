// Many resources with one stamp, as a transaction Bundle writes them: all are read, in their authors' order, and what follows too.
import { describe, expect, test } from 'vitest';
import type { WatchedType } from '../../src/domain/fhir.ts';
import type { Malformed } from '../../src/fhir/pager.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { cappedServer, SERVER_TIME } from '../builders/capped-server.ts';
import { stored } from '../builders/fhir.ts';
import { pullerOf } from '../builders/pull.ts';

const STAMP = Date.UTC(2026, 10, 29, 12);
const iso = (ms: number): string => new Date(ms).toISOString();

/** Before, in, and after one Bundle. Its entries lie in another order than they were sent in. */
function resourcesOf(type: WatchedType, inBundle: number): readonly StoredResource[] {
  const at = (id: number, stamp: number, sent: number): StoredResource =>
    stored(`${type}/${id}`, '1', iso(stamp), type === 'Communication' ? { sent: iso(sent) } : {});
  const bundle = Array.from({ length: inBundle }, (_, id) => at(id + 1, STAMP, STAMP - 1000 + id));
  const shuffled = bundle.toSorted((a, b) => ((Number(a.id) * 7919) % 1213) - ((Number(b.id) * 7919) % 1213));
  return [at(0, STAMP - 5000, 0), ...shuffled, at(inBundle + 1, STAMP + 1, STAMP)];
}

async function pull(
  type: WatchedType,
  resources: readonly StoredResource[],
  habits: Parameters<typeof cappedServer>[1],
) {
  const { server, asked } = cappedServer(resources, habits);
  const handedOn: number[] = [];
  const aside: (readonly [readonly Malformed[], string])[] = [];
  let cursor: string | undefined;
  await pullerOf({
    ...{ server, resourceType: type, overlapMs: 10_000, shortOverlapMs: 3_000, readFrom: 'beginning' },
    store(page) {
      const fresh = page.map(({ id }) => Number(id)).filter((id) => !handedOn.includes(id));
      handedOn.push(...fresh);
      return Promise.resolve(fresh.length);
    },
    setAside(malformed, place) {
      aside.push([malformed, place]);
      return Promise.resolve();
    },
    readCursor: () => Promise.resolve(iso(STAMP)),
    saveCursor(position) {
      cursor = position;
      return Promise.resolve();
    },
  })();
  return { handedOn, aside, cursor, asked };
}

describe.each([1, 2, 50, 1000])('of a server that hands out %d at once', (cap) => {
  test.each(['CareTeam', 'CommunicationRequest', 'Communication'] as const)(
    'all %ss of one Bundle are read, and what follows',
    async (type) => {
      const inBundle = cap === 1000 ? 1200 : 120;
      const { handedOn, cursor, aside } = await pull(type, resourcesOf(type, inBundle), { cap });
      expect(handedOn.toSorted((a, b) => a - b)).toEqual(Array.from({ length: inBundle + 2 }, (_, id) => id));
      expect([cursor, aside]).toEqual([SERVER_TIME, []]);
    },
  );

  test('the Communications of one Bundle keep the order in which they were sent', async () => {
    const inBundle = cap === 1000 ? 1200 : 120;
    const { handedOn } = await pull('Communication', resourcesOf('Communication', inBundle), { cap });
    expect(handedOn).toEqual(handedOn.toSorted((a, b) => a - b));
  });
});

test('a server that does not count is asked for its links', async () => {
  const { handedOn } = await pull('CareTeam', resourcesOf('CareTeam', 120), { cap: 50, counts: false });
  expect(handedOn).toHaveLength(122);
});

test('what a server counts and never hands out is set aside once, and what follows is read', async () => {
  const resources = resourcesOf('CareTeam', 120);
  const { handedOn, aside, cursor } = await pull('CareTeam', resources, { cap: 50, links: false });
  expect(aside).toEqual([[[{ id: undefined }], `from ${iso(STAMP)}`]]);
  expect([handedOn.includes(121), cursor]).toEqual([true, SERVER_TIME]);
});

test('a stamp that is shown whole is not asked for again', async () => {
  const { asked } = await pull('CareTeam', resourcesOf('CareTeam', 3), { cap: 1000 });
  expect(asked.filter((path) => path.includes('lt') && path.includes('_summary'))).toEqual([]);
});
