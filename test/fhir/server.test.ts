// The FHIR server's interactions over HTTP: searches without cache, writes that happen once, answers that are checked.
import { describe, expect, test } from 'vitest';
import { createFhirClient } from '../../src/fhir/client.ts';
import { createFhirServer } from '../../src/fhir/server.ts';
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
) {
  const { url, seen } = await serveScript(script);
  const client = createFhirClient({
    baseUrl: url,
    bearerToken: undefined,
    requestTimeoutMs: 5000,
    observe: () => () => undefined,
  });
  return { server: createFhirServer(client, idStrategy), seen };
}

test('a search leaves the cache alone, both ways, and skips what is of another type', async () => {
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
  expect(page).toEqual({ resources: [COMMUNICATION], serverTime: '2025-09-26T10:00:00.000Z' });
  expect(seen[0]?.headers['cache-control']).toBe('no-store, max-results=50');
  expect(Object.fromEntries(seen[0]?.url.searchParams ?? [])).toEqual({
    _lastUpdated: 'ge2025-09-26T00:00:00+02:00',
    _count: '50',
  });
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

describe('creating once', () => {
  test('under an id of the bridge: a PUT, which a repetition does not multiply', async () => {
    const { server, seen } = await serverOf(() => json(201, COMMUNICATION));
    expect(await server.createOnce(COMMUNICATION, { mayExist: false })).toEqual(VERSION);
    expect(seen.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual(['PUT /Communication/m-1']);
    expect(seen[0]?.headers['prefer']).toBe('return=representation');
  });

  test('what an earlier attempt may have written is looked for, and not overwritten', async () => {
    const { server, seen } = await serverOf(() => json(200, COMMUNICATION));
    expect(await server.createOnce(COMMUNICATION, { mayExist: true })).toEqual(VERSION);
    expect(seen.map(({ method }) => method)).toEqual(['GET']);
  });

  test('what an earlier attempt has not written is written', async () => {
    const { server, seen } = await serverOf(({ method }) =>
      method === 'GET'
        ? json(404, { resourceType: 'OperationOutcome', issue: [] })
        : json(201, COMMUNICATION),
    );
    await server.createOnce(COMMUNICATION, { mayExist: true });
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'PUT']);
  });

  test('under an id of the server: unless one with the event’s identifier exists', async () => {
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

test('an update is of the version that was read', async () => {
  const { server, seen } = await serverOf(() =>
    json(200, { ...COMMUNICATION, meta: { ...COMMUNICATION.meta, versionId: '4' } }),
  );
  expect(await server.update(COMMUNICATION)).toEqual({ ...VERSION, versionId: '4' });
  expect([seen[0]?.method, seen[0]?.headers['if-match']]).toEqual(['PUT', 'W/"3"']);
});
