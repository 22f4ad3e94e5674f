// The FHIR server seen by a thread profile: header Communications are CommunicationRequests to all who use it.
import { describe, expect, test } from 'vitest';
import type { Communication, FhirResource } from '../../src/domain/fhir.ts';
import { createFhirServer, type StoredResource } from '../../src/fhir/server.ts';
import { withThreads } from '../../src/fhir/threads.ts';
import type { FhirRequest } from '../../src/fhir/client.ts';
import { medplumThreads } from '../../src/mapping/threads/medplum.ts';
import { ozoThreads } from '../../src/mapping/threads/ozo.ts';
import { ref, stored } from '../builders/fhir.ts';

const AT = '2024-04-10T09:00:00.000Z';
const HEADER = stored('Communication/t', '3', AT, {
  status: 'in-progress',
  topic: { text: 'Lab results' },
  recipient: [{ reference: 'Practitioner/a' }, { reference: 'Patient/h' }],
  note: [{ text: 'Kept' }],
});
const MESSAGE = stored('Communication/m', '1', AT, {
  status: 'in-progress',
  partOf: [{ reference: 'Communication/t' }],
  payload: [{ contentString: 'x' }],
});
const TASK = stored('Task/1', '1', AT, {
  code: {
    coding: [{ system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/task', code: 'read-state' }],
  },
  basedOn: [{ reference: 'Communication/t', type: 'Communication' }],
});

/** A server that has these resources, and stores nothing. */
function serverWith(resources: readonly StoredResource[], profile = medplumThreads) {
  const seen: FhirRequest[] = [];
  const request = (asked: FhirRequest): Promise<unknown> => {
    seen.push(asked);
    const { method, path, body } = asked;
    if (method !== 'GET')
      return Promise.resolve({ id: 'new', ...(body as object), meta: { versionId: '9', lastUpdated: AT } });
    const [type = ''] = path.split(/[/?]/);
    const found = resources.filter(({ resourceType }) => resourceType === type);
    if (!path.includes('?')) return Promise.resolve(found.find(({ id }) => path === `${type}/${id}`));
    const entry = found.map((resource) => ({ resource }));
    return Promise.resolve({ resourceType: 'Bundle', type: 'searchset', entry });
  };
  const server = createFhirServer({ request, answerCode: 'fhir-answer' }, 'client-assigned');
  return { fhir: withThreads(server, profile), seen };
}
const written = (seen: readonly FhirRequest[]) =>
  seen.filter(({ method }) => method !== 'GET').map(({ method, path, body }) => ({ method, path, body }));

describe('reading', () => {
  test('a conversation is its header, in the same version', async () => {
    const { fhir } = serverWith([HEADER]);
    expect(await fhir.read(ref('CommunicationRequest/t'))).toMatchObject({
      ...{ resourceType: 'CommunicationRequest', id: 't', status: 'active' },
      meta: { versionId: '3', lastUpdated: AT },
    });
  });

  test('a header is no message, and a message is no conversation', async () => {
    const { fhir } = serverWith([HEADER, MESSAGE]);
    expect(await fhir.read(ref('Communication/t'))).toBeUndefined();
    expect(await fhir.read(ref('CommunicationRequest/m'))).toBeUndefined();
    expect(await fhir.read(ref('Communication/m'))).toEqual(MESSAGE);
  });

  test('many at once are found under the references that were asked for', async () => {
    const { fhir } = serverWith([HEADER, MESSAGE]);
    const found = await fhir.readMany(
      ['CommunicationRequest/t', 'Communication/m', 'Communication/t'].map(ref),
    );
    expect([...found.keys()].sort()).toEqual(['Communication/m', 'CommunicationRequest/t']);
  });

  test('what changed among Communications are conversations and messages, in one order', async () => {
    const { fhir } = serverWith([HEADER, MESSAGE]);
    const { resources } = await fhir.search('Communication', [], 10);
    expect(resources.map(({ resourceType, id }) => `${resourceType}/${id}`)).toEqual([
      'CommunicationRequest/t',
      'Communication/m',
    ]);
  });

  test('all conversations are the Communications that are part of no other', async () => {
    const { fhir, seen } = serverWith([HEADER]);
    const found = new Set<string>();
    for await (const { page } of fhir.pages('CommunicationRequest', []))
      for (const { resourceType, id } of page.resources) found.add(`${resourceType}/${id}`);
    expect([...found]).toEqual(['CommunicationRequest/t']);
    expect(seen[0]?.path).toMatch(/^Communication\?part-of(:|%3A)missing=true&/);
  });

  test('Tasks are searched for, and found, by their conversation', async () => {
    const { fhir, seen } = serverWith([TASK]);
    const { resources } = await fhir.searchAll('Task', [['based-on', 'CommunicationRequest/t']], 10);
    expect(seen[0]?.path).toMatch(/based-on=Communication(\/|%2F)t/);
    expect(resources).toMatchObject([
      { basedOn: [{ reference: 'CommunicationRequest/t', type: 'CommunicationRequest' }] },
    ]);
  });
});

describe('writing', () => {
  test('a changed conversation is its header with the change, and with all that a request cannot hold', async () => {
    const { fhir, seen } = serverWith([HEADER]);
    const before = await fhir.read(ref('CommunicationRequest/t'));
    if (before?.resourceType !== 'CommunicationRequest') throw new TypeError('Expected a request');
    const recipient = [{ reference: 'Practitioner/a' }];
    expect(await fhir.update({ ...before, recipient })).toMatchObject({
      reference: 'CommunicationRequest/t',
      versionId: '9',
    });
    expect(written(seen)).toMatchObject([{ method: 'PUT', path: 'Communication/t' }]);
    expect(written(seen)[0]?.body).toEqual({ ...HEADER, recipient });
  });

  test('a header that changed meanwhile is not overwritten', async () => {
    const { fhir, seen } = serverWith([HEADER]);
    const stale = stored('CommunicationRequest/t', '2', AT, { status: 'active' });
    await expect(fhir.update(stale)).rejects.toMatchObject({ code: 'fhir-conflict' });
    expect(written(seen)).toEqual([]);
  });

  test('a new conversation is a header', async () => {
    const { fhir, seen } = serverWith([]);
    const request = { resourceType: 'CommunicationRequest', id: 'n', status: 'active' } as const;
    const version = await fhir.createOnce(request, { mayExist: false });
    expect(version.reference).toBe('CommunicationRequest/n');
    expect(written(seen)).toMatchObject([
      { path: 'Communication/n', body: { resourceType: 'Communication', status: 'in-progress' } },
    ]);
  });

  test('a new message is addressed to the participants of its header', async () => {
    const { fhir, seen } = serverWith([HEADER]);
    const message: Communication & { id: string } = {
      ...{ resourceType: 'Communication', id: 'n', status: 'completed' },
      ...{ partOf: [{ reference: 'Communication/t' }], sender: { reference: 'Practitioner/a' } },
    };
    await fhir.createOnce(message, { mayExist: false });
    expect(written(seen)).toMatchObject([
      { body: { status: 'in-progress', recipient: [{ reference: 'Patient/h' }] } },
    ]);
  });

  test('a changed message is written as it is', async () => {
    const { fhir, seen } = serverWith([MESSAGE]);
    const changed = { ...MESSAGE, basedOn: [{ reference: 'CommunicationRequest/of-the-platform' }] };
    await fhir.update(changed as StoredResource);
    expect(written(seen)).toEqual([{ method: 'PUT', path: 'Communication/m', body: changed }]);
  });

  test('the bridge’s own Task names the header again, and that of a platform is written as it is', async () => {
    const { fhir, seen } = serverWith([TASK]);
    const [own] = (await fhir.searchAll('Task', [], 10)).resources;
    if (own === undefined) throw new TypeError('Expected a Task');
    const others = stored('Task/2', '1', AT, {
      basedOn: [{ reference: 'CommunicationRequest/of-the-platform' }],
    });
    for (const task of [own, others]) await fhir.update(task);
    expect(written(seen).map(({ body }) => body)).toEqual([TASK, others]);
  });

  test.each<[string, FhirResource & { id: string }, object]>([
    [
      'Task',
      {
        ...{ resourceType: 'Task', id: 'x', status: 'requested', intent: 'order' },
        basedOn: [{ reference: 'CommunicationRequest/t', type: 'CommunicationRequest' }],
      },
      { basedOn: [{ reference: 'Communication/t', type: 'Communication' }] },
    ],
    [
      'AuditEvent',
      {
        ...{
          resourceType: 'AuditEvent',
          id: 'x',
          recorded: AT,
          type: {},
          agent: [],
          source: { observer: {} },
        },
        entity: [
          {
            what: { reference: 'CommunicationRequest/t/_history/3', type: 'CommunicationRequest' },
            type: { system: 'http://hl7.org/fhir/resource-types', code: 'CommunicationRequest' },
          },
        ],
      },
      {
        entity: [
          {
            what: { reference: 'Communication/t/_history/3', type: 'Communication' },
            type: { system: 'http://hl7.org/fhir/resource-types', code: 'Communication' },
          },
        ],
      },
    ],
  ])('of a conversation a %s names the header', async (_, resource, expected) => {
    const { fhir, seen } = serverWith([]);
    await fhir.createOnce(resource, { mayExist: false });
    expect(written(seen)).toMatchObject([{ body: expected }]);
  });
});

test('where conversations are CommunicationRequests on the server too, nothing is seen otherwise', () => {
  const server = createFhirServer(
    { request: () => Promise.reject(new TypeError()), answerCode: 'fhir-answer' },
    'client-assigned',
  );
  expect(withThreads(server, ozoThreads)).toBe(server);
});
