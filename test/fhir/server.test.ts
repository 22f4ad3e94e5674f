// The FHIR server's interactions over HTTP: searches without cache, writes that happen once, answers that are checked.
import { describe, expect, test } from 'vitest';
import { createFhirClient, type FhirClientOptions } from '../../src/fhir/client.ts';
import { createFhirServer } from '../../src/fhir/server.ts';
import { FHIR_PROFILES } from '../../src/mapping/fhir-profiles/profiles.ts';
import type { Answer, SeenRequest } from '../builders/http.ts';
import { serveScript } from '../builders/http.ts';
import { ref, stored } from '../builders/fhir.ts';

const COMMUNICATION = stored('Communication/m-1', '3', '2025-09-26T09:00:00.000Z', {
  identifier: [{ system: 'https://matrix.org/event-id', value: '$e+/=' }],
});
const VERSION = { reference: 'Communication/m-1', versionId: '3', lastUpdated: '2025-09-26T09:00:00.000Z' };
const json = (status: number, body: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/fhir+json' },
  body,
});
const html: Answer = { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Proxy</h1>' };

async function serverOf(
  script: (request: SeenRequest, index: number) => Answer,
  idStrategy: 'client-assigned' | 'server-assigned' = 'client-assigned',
  over: Partial<FhirClientOptions> = {},
) {
  const { url, seen } = await serveScript(script);
  const client = createFhirClient({
    ...{ baseUrl: url, bearerToken: undefined, requestTimeoutMs: 5000, observe: () => () => undefined },
    ...over,
  });
  return { server: createFhirServer(client, idStrategy), seen };
}

test('a search does not use the server’s cache, and skips resources of another type', async () => {
  const { server, seen } = await serverOf(() =>
    json(200, {
      resourceType: 'Bundle',
      meta: { lastUpdated: '2025-09-26T10:00:00.000Z' },
      entry: [
        { resource: COMMUNICATION },
        { resource: stored('Patient/1', '1', '2025-09-26T09:00:00Z') },
        {},
      ],
    }),
  );
  const page = await server.search('Communication', [['_lastUpdated', 'ge2025-09-26T00:00:00+02:00']], 50);
  expect(page).toEqual({ resources: [COMMUNICATION], malformed: [], serverTime: '2025-09-26T10:00:00.000Z' });
  expect(seen[0]?.headers['cache-control']).toBe('no-store, max-results=50');
  expect(Object.fromEntries(seen[0]?.url.searchParams ?? [])).toEqual({
    _lastUpdated: 'ge2025-09-26T00:00:00+02:00',
    _count: '50',
  });
});

test('a stamp that as many bear as were seen is read all the same: one of those seen may bear another by now', async () => {
  const { server, seen } = await serverOf(({ url }) =>
    url.searchParams.get('_summary') === 'count'
      ? json(200, { resourceType: 'Bundle', total: 1 })
      : json(200, { resourceType: 'Bundle', entry: [{ resource: COMMUNICATION }] }),
  );
  const page = await server.searchStamp('Communication', [], { from: VERSION.lastUpdated, size: 1 });
  expect(page?.resources).toEqual([COMMUNICATION]);
  expect(seen).toHaveLength(2);
});

describe('in a search, what cannot be kept stops no other resource', () => {
  const meta = { versionId: '1', lastUpdated: '2025-09-26T09:00:00Z' };
  const communicationWith = (over: object): object => ({
    ...{ resourceType: 'Communication', id: 'odd', meta },
    ...over,
  });

  test.each([
    ['no object', 7, undefined],
    ['no type', { id: 'odd', meta }, 'odd'],
    ['no id', communicationWith({ id: undefined }), undefined],
    ['an id that is none', communicationWith({ id: 'Mrs Jansen' }), undefined],
    ['no meta', communicationWith({ meta: undefined }), 'odd'],
    ['no version', communicationWith({ meta: { ...meta, versionId: undefined } }), 'odd'],
    ['a version with a NUL', communicationWith({ meta: { ...meta, versionId: '1\0' } }), 'odd'],
    [
      'a version that is too long',
      communicationWith({ meta: { ...meta, versionId: '1'.repeat(3000) } }),
      'odd',
    ],
    [
      'a day that is none',
      communicationWith({ meta: { ...meta, lastUpdated: '2025-02-30T09:00:00Z' } }),
      'odd',
    ],
    ['a stamp that is none', communicationWith({ meta: { ...meta, lastUpdated: 'now' } }), 'odd'],
  ])('%s', async (_, odd, id) => {
    const entry = [{ resource: odd }, { resource: COMMUNICATION }];
    const { server } = await serverOf(() => json(200, { resourceType: 'Bundle', entry }));
    const page = await server.search('Communication', [], 50);
    expect([page.resources, page.malformed]).toEqual([[COMMUNICATION], [{ id }]]);
  });

  test('a remark of the server is no resource', async () => {
    const entry = [{ resource: { resourceType: 'OperationOutcome' }, search: { mode: 'outcome' } }];
    const { server } = await serverOf(() => json(200, { resourceType: 'Bundle', entry }));
    expect(await server.search('Communication', [], 50)).toMatchObject({ resources: [], malformed: [] });
  });

  test('but who asks for all of them is told that it failed', async () => {
    const entry = [{ resource: communicationWith({ meta: undefined }) }, { resource: COMMUNICATION }];
    const { server } = await serverOf(() => json(200, { resourceType: 'Bundle', entry }));
    await expect(server.searchAll('Communication', [], 50)).rejects.toMatchObject({ code: 'fhir-answer' });
  });
});

test('behind OZO’s proxy a search asks for no more than 100, and never says no-store, also on the next page', async () => {
  const { server, seen } = await serverOf(
    ({ url }) => {
      const link = url.searchParams.has('page') ? [] : [{ relation: 'next', url: 'Patient?page=2' }];
      return json(200, { resourceType: 'Bundle', type: 'searchset', link, entry: [] });
    },
    'client-assigned',
    { cacheControl: 'no-cache', searching: FHIR_PROFILES['ozo-0.9'].search },
  );
  const page = await server.search('Patient', [['_sort', '_lastUpdated']], 1000);
  await page.readNext?.();
  await server.readMany([ref('Patient/1'), ref('Patient/2')]).catch(() => undefined);
  expect(seen).not.toHaveLength(0);
  for (const { headers, url } of seen) {
    expect(headers['cache-control']).toBe('no-cache');
    expect(Number(url.searchParams.get('_count') ?? 0)).toBeLessThanOrEqual(100);
    expect([...url.searchParams.keys()].filter((key) => key.startsWith('_include'))).toEqual([]);
  }
});

describe('a read', () => {
  test.each<[string, Answer, unknown]>([
    ['finds the resource', json(200, COMMUNICATION), COMMUNICATION],
    ['finds none', json(404, { resourceType: 'OperationOutcome', issue: [] }), undefined],
    ['finds one that was deleted', json(410, { resourceType: 'OperationOutcome', issue: [] }), undefined],
  ])('%s', async (_, answer, expected) => {
    const { server } = await serverOf(() => answer);
    expect(await server.read(ref('Communication/m-1'))).toEqual(expected);
  });

  test.each<[string, Answer, string]>([
    ['a proxy’s 404 is no proof that it is gone', html, 'fhir-unavailable'],
    ['another type is no answer', json(200, stored('Patient/1', '1', '2025-09-26T09:00:00Z')), 'fhir-answer'],
    [
      'a resource without version is no answer',
      json(200, { resourceType: 'Communication', id: 'm-1' }),
      'fhir-answer',
    ],
  ])('%s', async (_, answer, code) => {
    const { server } = await serverOf(() => answer);
    await expect(server.read(ref('Communication/m-1'))).rejects.toMatchObject({ code });
  });
});

describe('reading many', () => {
  const person = (reference: string) => stored(reference, '1', '2025-09-26T09:00:00Z');
  const bundle = (...references: readonly string[]) =>
    json(200, { resourceType: 'Bundle', entry: references.map((each) => ({ resource: person(each) })) });
  const asked = (seen: readonly SeenRequest[]) =>
    seen.map(({ url }) => `${url.pathname}${url.search}`).sort();

  test('makes one search per type, without cache, and one read for a single resource', async () => {
    const { server, seen } = await serverOf(({ url }) =>
      url.pathname === '/Practitioner'
        ? bundle('Practitioner/2', 'Practitioner/1', 'Practitioner/9')
        : json(200, person('Patient/3')),
    );
    const found = await server.readMany(
      ['Practitioner/1', 'Patient/3', 'Practitioner/2', 'Patient/3'].map(ref),
    );
    expect([...found.keys()].sort()).toEqual(['Patient/3', 'Practitioner/1', 'Practitioner/2']);
    expect(asked(seen)).toEqual(['/Patient/3', '/Practitioner?_id=1%2C2&_count=2']);
    const search = seen.find(({ url }) => url.search !== '');
    expect(search?.headers['cache-control']).toBe('no-store, max-results=2');
  });

  test('reads a resource that a search does not show: only 404 or 410 means that it is gone', async () => {
    const { server, seen } = await serverOf(({ url }) => {
      if (url.pathname === '/Patient') return bundle('Patient/1');
      if (url.pathname === '/Patient/2') return json(200, person('Patient/2'));
      return json(410, { resourceType: 'OperationOutcome', issue: [] });
    });
    const found = await server.readMany(['Patient/1', 'Patient/2', 'Patient/3'].map(ref));
    expect([...found.keys()]).toEqual(['Patient/1', 'Patient/2']);
    expect(asked(seen)).toEqual(['/Patient/2', '/Patient/3', '/Patient?_id=1%2C2%2C3&_count=3']);
  });

  test.each([
    [101, 1, [100, 1]],
    [120, 64, [55, 55, 10]],
  ])('of %d with ids of %d characters makes searches of %j', async (count, length, expected) => {
    const ids = Array.from({ length: count }, (_, index) => `${index}`.padStart(length, '0'));
    const { server, seen } = await serverOf(({ url }) => {
      const wanted = url.searchParams.get('_id')?.split(',') ?? [];
      return wanted.length > 0
        ? bundle(...wanted.map((id) => `Patient/${id}`))
        : json(200, person(url.pathname.slice(1)));
    });
    expect((await server.readMany(ids.map((id) => ref(`Patient/${id}`)))).size).toBe(count);
    const sizes = seen.map(({ url }) => url.searchParams.get('_id')?.split(',').length ?? 1);
    expect(sizes.sort((a, b) => b - a)).toEqual(expected);
  });

  test('of none makes no request', async () => {
    const { server, seen } = await serverOf(() => bundle());
    expect([await server.readMany([]), seen]).toEqual([new Map(), []]);
  });
});

describe('searching for all', () => {
  /** A server that holds roles, each stamped, and hands out at most `cap` of them at once. */
  const serverHolding = (stamps: readonly number[], cap: number, tellsTotal: boolean) =>
    serverOf(({ url }) => {
      const [from = 0, before = Number.POSITIVE_INFINITY] = url.searchParams
        .getAll('_lastUpdated')
        .map((bound) => Date.parse(bound.slice(2)));
      const all = stamps
        .map((stamp, id) => stored(`PractitionerRole/${id}`, '1', new Date(stamp).toISOString()))
        .filter(({ meta }) => Date.parse(meta.lastUpdated) >= from && Date.parse(meta.lastUpdated) < before);
      const page = all.slice(0, Math.min(cap, Number(url.searchParams.get('_count'))));
      const total = tellsTotal ? { total: all.length } : {};
      return json(200, { resourceType: 'Bundle', ...total, entry: page.map((resource) => ({ resource })) });
    });
  const everySecond = (count: number) => Array.from({ length: count }, (_, index) => index * 1000);

  test.each<[string, readonly number[], number, boolean, number]>([
    ['none', [], 1000, true, 1],
    ['a few', everySecond(5), 1000, true, 1],
    ['a few, of a server that tells no total', everySecond(5), 1000, false, 2],
    ['more than a page', everySecond(250), 1000, true, 3],
    ['more than the server hands out at once', everySecond(250), 60, true, 5],
    ['a page full of one stamp', [0, ...Array.from({ length: 150 }, () => 1000), 2000], 1000, true, 5],
  ])('finds %s', async (_, stamps, cap, tellsTotal, requests) => {
    const { server, seen } = await serverHolding(stamps, cap, tellsTotal);
    const found = await server.searchAll('PractitionerRole', [['organization', 'Organization/1']], 500);
    expect(found.resources.map(({ id }) => Number(id))).toEqual(stamps.map((_stamp, id) => id));
    expect([found.complete, seen.length]).toEqual([true, requests]);
  });

  test.each([1, 2, 50])(
    'follows the links of a server that hands out %d of one stamp at once',
    async (cap) => {
      const stamps = [0, ...Array.from({ length: 130 }, () => 1000), 2000];
      const { server } = await serverOf(({ url, headers }) => {
        const from = Date.parse(url.searchParams.get('_lastUpdated')?.slice(2) ?? '1970-01-01');
        const offset = Number(url.searchParams.get('offset') ?? 0);
        const all = stamps
          .map((stamp, id) => stored(`PractitionerRole/${id}`, '1', new Date(stamp).toISOString()))
          .filter(({ meta }) => Date.parse(meta.lastUpdated) >= from);
        url.searchParams.set('offset', String(offset + cap));
        const next = `http://${headers.host ?? ''}${url.pathname}${url.search}`;
        return json(200, {
          resourceType: 'Bundle',
          total: all.length,
          link: offset + cap < all.length ? [{ relation: 'next', url: next }] : [],
          entry: all.slice(offset, offset + cap).map((resource) => ({ resource })),
        });
      });
      const found = await server.searchAll('PractitionerRole', [['organization', 'Organization/1']], 500);
      expect([found.resources.length, found.complete]).toEqual([stamps.length, true]);
    },
  );

  test.each([
    ['more than the limit', everySecond(700), 1000],
    ['more than the limit of one stamp', Array.from({ length: 700 }, () => 1000), 1000],
    ['more than a server hands out of one stamp', Array.from({ length: 700 }, () => 1000), 10],
  ])('stops with an error: %s', async (_, stamps, cap) => {
    const { server } = await serverHolding(stamps, cap, true);
    for (const limit of [10, 100, 500]) {
      const found = await server.searchAll('PractitionerRole', [['organization', 'Organization/1']], limit);
      expect(found.complete).toBe(false);
      expect(found.resources.length).toBeLessThanOrEqual(limit);
    }
  });
});

describe('creating once', () => {
  test('with an id of the bridge is a PUT, which can be repeated', async () => {
    const { server, seen } = await serverOf(() => json(201, COMMUNICATION));
    expect(await server.createOnce(COMMUNICATION, { mayExist: false })).toEqual(VERSION);
    expect(seen.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual(['PUT /Communication/m-1']);
    expect(seen[0]?.headers['prefer']).toBe('return=representation');
  });

  test('a resource that an earlier attempt wrote is found and not overwritten', async () => {
    const { server, seen } = await serverOf(() => json(200, COMMUNICATION));
    expect(await server.createOnce(COMMUNICATION, { mayExist: true })).toEqual(VERSION);
    expect(seen.map(({ method }) => method)).toEqual(['GET']);
  });

  test('a resource that an earlier attempt did not write is written', async () => {
    const { server, seen } = await serverOf(({ method }) =>
      method === 'GET'
        ? json(404, { resourceType: 'OperationOutcome', issue: [] })
        : json(201, COMMUNICATION),
    );
    await server.createOnce(COMMUNICATION, { mayExist: true });
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'PUT']);
  });

  test('with an id of the server happens only if none has the event’s identifier', async () => {
    const { server, seen } = await serverOf(
      () => json(201, { ...COMMUNICATION, id: '77' }),
      'server-assigned',
    );
    const version = await server.createOnce(COMMUNICATION, { mayExist: true });
    expect(version).toEqual({ ...VERSION, reference: 'Communication/77' });
    expect(seen).toHaveLength(1);
    expect(seen[0]?.url.pathname).toBe('/Communication');
    expect(seen[0]?.headers['if-none-exist']).toBe(
      'identifier=https%3A%2F%2Fmatrix.org%2Fevent-id%7C%24e%2B%2F%3D',
    );
    expect(JSON.parse(seen[0]?.body ?? '')).not.toHaveProperty('id');
  });
});

test('an update replaces only the version that was read', async () => {
  const { server, seen } = await serverOf(() =>
    json(200, { ...COMMUNICATION, meta: { ...COMMUNICATION.meta, versionId: '4' } }),
  );
  expect(await server.update(COMMUNICATION)).toEqual({ ...VERSION, versionId: '4' });
  expect([seen[0]?.method, seen[0]?.headers['if-match']]).toEqual(['PUT', 'W/"3"']);
});
