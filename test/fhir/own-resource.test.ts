// A resource under an id or identifier of the bridge is the bridge's own only where it is what the bridge writes.
import { describe, expect, test } from 'vitest';
import { createFhirClient } from '../../src/fhir/client.ts';
import { createFhirServer } from '../../src/fhir/server.ts';
import { stored } from '../builders/fhir.ts';
import { serveScript, type Answer, type SeenRequest } from '../builders/http.ts';

const COMMUNICATION = stored('Communication/m-1', '3', '2025-09-26T09:00:00.000Z', {
  identifier: [{ system: 'https://matrix.org/event-id', value: '$e+/=' }],
});
const VERSION = { reference: 'Communication/m-1', versionId: '3', lastUpdated: '2025-09-26T09:00:00.000Z' };

const json = (status: number, body: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/fhir+json' },
  body,
});

async function serverOf(
  script: (request: SeenRequest) => Answer,
  idStrategy: 'client-assigned' | 'server-assigned' = 'client-assigned',
) {
  const { url, seen } = await serveScript(script);
  const client = createFhirClient({
    ...{ baseUrl: url, bearerToken: undefined, requestTimeoutMs: 5000, observe: () => () => undefined },
  });
  return { server: createFhirServer(client, idStrategy), seen };
}

describe('what stands under an id or identifier that anyone can work out is not taken for the bridge’s own', () => {
  const own = { ...COMMUNICATION, ...spoken('Good morning', 'Practitioner/7') };
  const foreign = { ...own, ...spoken('Nothing of interest', 'Practitioner/7') };
  const bundleOf = (...versions: object[]): Answer =>
    json(200, { resourceType: 'Bundle', type: 'history', entry: versions.map((resource) => ({ resource })) });
  const history = ({ url }: SeenRequest): boolean => url.pathname.endsWith('/_history');

  function spoken(text: string, sender: string) {
    return { sender: { reference: sender }, payload: [{ contentString: text }] };
  }

  test.each([
    ['of another text', foreign],
    ['of another sender', { ...own, ...spoken('Good morning', 'Practitioner/8') }],
    ['in another conversation', { ...own, partOf: [{ reference: 'CommunicationRequest/9' }] }],
    ['without the identifier', { ...own, identifier: [] }],
  ])('a message %s, before a retry', async (_, found) => {
    const { server, seen } = await serverOf((request) =>
      history(request) ? bundleOf(found) : json(200, found),
    );
    await expect(server.createOnce(own, { mayExist: true })).rejects.toMatchObject({ code: 'fhir-foreign' });
    expect(seen.some(({ method }) => method === 'PUT')).toBe(false);
  });

  test('a message that the server finds by its identifier', async () => {
    const { server } = await serverOf(
      (request) => (history(request) ? bundleOf(foreign) : json(200, { ...foreign, id: '77' })),
      'server-assigned',
    );
    await expect(server.createOnce(own, { mayExist: false })).rejects.toMatchObject({ code: 'fhir-foreign' });
  });

  test('a Task without the identifier', async () => {
    const identifier = [{ system: 'https://example.org/task', value: '1' }];
    const task = stored('Task/task-1', '1', '2025-09-26T09:00:00.000Z', { identifier });
    const { server } = await serverOf((request) =>
      history(request) ? bundleOf() : json(200, { ...task, identifier: [] }),
    );
    await expect(server.createOnce(task, { mayExist: true })).rejects.toMatchObject({ code: 'fhir-foreign' });
  });

  test('but what another system has changed since is', async () => {
    const { server } = await serverOf((request) =>
      history(request) ? bundleOf(foreign, own) : json(200, foreign),
    );
    expect(await server.createOnce(own, { mayExist: true })).toEqual(VERSION);
  });

  test.each([
    [
      'as the server itself writes it',
      { ...own, sender: { reference: 'http://fhir.example/Practitioner/7' } },
      200,
    ],
    ['that the server has just made, however it writes it', { ...foreign, id: '77' }, 201],
  ])('and so is a message %s', async (_, answer, status) => {
    const { server } = await serverOf(() => json(status, answer), 'server-assigned');
    expect(await server.createOnce(own, { mayExist: false })).toMatchObject({ versionId: '3' });
  });
});
