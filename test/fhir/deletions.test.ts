// Deletions in the history of a type: as servers of several makes tell them, and servers that tell them without end.
import { describe, expect, test } from 'vitest';
import { deletionsSince, hasNoHistory } from '../../src/fhir/deletions.ts';
import type { FhirRequest } from '../../src/fhir/client.ts';
import { FhirRefusal } from '../../src/fhir/client.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';

const SINCE = '2026-11-29T12:00:00.000Z';

async function read(...bodies: readonly unknown[]) {
  const asked: FhirRequest[] = [];
  const request = (each: FhirRequest) => {
    asked.push(each);
    return Promise.resolve(bodies[Math.min(asked.length, bodies.length) - 1]);
  };
  const pages = [];
  for await (const page of deletionsSince({ request, answerCode: 'fhir-answer' }, 'Communication', SINCE))
    pages.push(page);
  return { asked, pages };
}

const bundle = (entry: readonly object[], next?: string) => ({
  ...{ resourceType: 'Bundle', type: 'history', meta: { lastUpdated: SINCE }, entry },
  link: next === undefined ? [] : [{ relation: 'next', url: next }],
});
const deletion = (url: string, etag?: string) => ({ request: { method: 'DELETE', url }, response: { etag } });

describe('a deletion', () => {
  test.each([
    ['with its version in the URL', deletion('Communication/7/_history/3')],
    ['with its version in the tag of the answer', deletion('Communication/7', 'W/"3"')],
    ['with a whole URL', deletion('http://localhost/fhir/Communication/7/_history/3')],
  ])('%s', async (_, entry) => {
    const { pages } = await read(bundle([entry]));
    expect(pages).toEqual([
      { deletions: [{ reference: 'Communication/7', versionId: '3' }], serverTime: SINCE },
    ]);
  });

  test.each<[string, object]>([
    ['without a version', deletion('Communication/7')],
    ['of another type', deletion('Patient/7/_history/3')],
    ['of no id', deletion('Communication/_history/3')],
    ['of an id that is none', deletion('Communication/a%20b/_history/3')],
    ['that is a creation', { request: { method: 'PUT', url: 'Communication/7/_history/3' } }],
  ])('%s is none', async (_, entry) => {
    expect((await read(bundle([entry]))).pages).toMatchObject([{ deletions: [] }]);
  });
});

describe('the pages', () => {
  test('are asked for from the instant on, and then by the server’s links, until one is empty', async () => {
    const one = bundle([deletion('Communication/7/_history/3')], 'http://localhost/fhir?page=2');
    const { asked } = await read(one, bundle([], 'http://localhost/fhir?page=3'));
    expect(asked.map(({ path }) => path)).toEqual([
      'Communication/_history?_since=2026-11-29T12%3A00%3A00.000Z&_count=100',
      'http://localhost/fhir?page=2',
    ]);
  });

  test('that never end are an error', async () => {
    const endless = bundle([deletion('Communication/7/_history/3')], 'http://localhost/fhir?page=2');
    await expect(read(endless)).rejects.toThrow('fhir-answer');
  });

  test('that are no Bundle are an error', async () => {
    await expect(read({ resourceType: 'OperationOutcome' })).rejects.toThrow('fhir-answer');
  });
});

test.each([
  [400, true],
  [404, true],
  [405, true],
  [501, true],
  [401, false],
  [500, false],
])('a server that answers %d has no history: %s', (status, expected) => {
  const refusal = new FhirRefusal('fhir-refused', 'history', { status, retryAfterMs: undefined });
  expect(hasNoHistory(refusal)).toBe(expected);
  expect(hasNoHistory(new BridgeError('fhir-refused', 'history'))).toBe(false);
});
