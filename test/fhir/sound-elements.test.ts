// What has not the form of its element is read as if it were not there, and all beside it is read.
import { describe, expect, test } from 'vitest';
import { createFhirClient } from '../../src/fhir/client.ts';
import { leaveOutUnsound } from '../../src/fhir/sound-elements.ts';
import { serveScript } from '../builders/http.ts';

const read = (resource: Readonly<Record<string, unknown>>): unknown => {
  const body = structuredClone(resource);
  leaveOutUnsound(body);
  return body;
};

describe('what has not the form of its element is left out', () => {
  test.each([
    [
      'a text that is a list',
      { name: [{ family: ['Jansen'], given: ['An'] }] },
      { name: [{ given: ['An'] }] },
    ],
    ['a text in a list that is none', { name: [{ given: ['An', 7] }] }, { name: [{ given: ['An'] }] }],
    ['a list that is an object', { name: { family: 'Jansen' }, id: '1' }, { id: '1' }],
    ['a list that is a text', { telecom: 'matrix:u/an:hs' }, {}],
    ['an object that is a text', { name: ['An Jansen', { text: 'An' }] }, { name: [{ text: 'An' }] }],
    ['an object that is a list', { name: [[{ text: 'An' }]] }, { name: [] }],
    ['a number that is none', { telecom: [{ value: 'a', rank: '1' }] }, { telecom: [{ value: 'a' }] }],
    ['a number without end', { telecom: [{ rank: Number.POSITIVE_INFINITY }] }, { telecom: [{}] }],
    ['null', { name: null }, {}],
  ])('%s', (_, given, expected) => {
    const type = { resourceType: 'Practitioner' };
    expect(read({ ...type, ...given })).toEqual({ ...type, ...expected });
  });
});

test('what is nested deeper than any resource is cut off, so that the rest can be written back', () => {
  const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  const body = {
    resourceType: 'Communication',
    status: 'completed',
    note: [{ text: 'a' }],
    odd: nested(50_000),
  };
  expect(leaveOutUnsound(body)).toEqual(['Communication']);
  expect(JSON.parse(JSON.stringify(body))).toMatchObject({ status: 'completed', note: [{ text: 'a' }] });
  const observation = { resourceType: 'Observation', component: nested(20) };
  expect(leaveOutUnsound(observation)).toEqual([]);
  expect(observation.component).toEqual(nested(20));
});

test('null in a list of texts, in the place of an extension, stays, so that what is written back keeps its places', () => {
  const name = [{ given: [null, 'An'], _given: [{ extension: [] }, null] }];
  const resource = { resourceType: 'Practitioner', name };
  expect(read(resource)).toEqual(resource);
});

test('what the bridge does not read stays as it is', () => {
  const resource = { resourceType: 'Practitioner', gender: 7, ['__proto__x']: [], address: 'here' };
  expect(read(resource)).toEqual(resource);
  const other = { resourceType: 'Observation', identifier: 'none' };
  expect(read(other)).toEqual(other);
});

test('a resource in a Bundle is read likewise, and is told by its type', () => {
  const bundle = {
    resourceType: 'Bundle',
    entry: [
      {
        resource: {
          resourceType: 'Communication',
          payload: [{ contentString: ['a'] }, { contentString: 'b' }],
        },
      },
      ...[null, { resource: null }, 7],
      { resource: { resourceType: 'Communication', payload: [{ contentString: 'c' }] } },
    ],
  };
  expect(leaveOutUnsound(bundle)).toEqual(['Communication']);
  expect(bundle.entry[0]).toEqual({
    resource: { resourceType: 'Communication', payload: [{}, { contentString: 'b' }] },
  });
});

test('the client hands out what is sound, and counts the rest', async () => {
  const { url } = await serveScript(() => ({ body: { resourceType: 'Patient', id: '1', name: 'An' } }));
  const unsound: string[] = [];
  const client = createFhirClient({
    ...{ baseUrl: url, bearerToken: undefined, requestTimeoutMs: 5_000, observe: () => () => undefined },
    onUnsound: (type) => unsound.push(type),
  });
  const answer = await client.request({ operation: 'read Patient', method: 'GET', path: 'Patient/1' });
  expect(JSON.parse(JSON.stringify(answer))).toEqual({ resourceType: 'Patient', id: '1' });
  expect(unsound).toEqual(['Patient']);
});

describe('an answer of JSON that is no object', () => {
  test.each(['null', '7', '"text"'])('%s has not the form of FHIR: the server is there', async (body) => {
    const { url } = await serveScript(() => ({ body, headers: { 'content-type': 'application/fhir+json' } }));
    const client = createFhirClient({
      ...{ baseUrl: url, bearerToken: undefined, requestTimeoutMs: 5_000, observe: () => () => undefined },
    });
    const answer = client.request({ operation: 'read Patient', method: 'GET', path: 'Patient/1' });
    await expect(answer).rejects.toMatchObject({ code: 'fhir-answer' });
  });
});
