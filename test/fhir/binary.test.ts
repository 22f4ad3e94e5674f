// Writing Binaries, against a scripted server: their ids, their headers, and what each refusal means.
import { expect, test } from 'vitest';
import { createBinaries, type BinaryOptions } from '../../src/fhir/binary.ts';
import { flowing } from '../builders/bytes.ts';
import { ref } from '../builders/fhir.ts';
import { serveScript, type Answer } from '../builders/http.ts';

const FHIR = { 'content-type': 'application/fhir+json' };
const outcome = (status: number): Answer => ({
  ...{ status, headers: FHIR },
  body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'processing' }] },
});

async function binariesAt(script: Parameters<typeof serveScript>[0], over: Partial<BinaryOptions> = {}) {
  const server = await serveScript(script);
  const binaries = createBinaries({
    ...{ baseUrl: `${server.url}/fhir`, bearerToken: 'secret', idStrategy: 'client-assigned' },
    ...{ timeoutMs: 5_000, observe: () => () => undefined },
    ...over,
  });
  const write = () =>
    binaries.write({
      ...{ id: 'file-1', securityContext: ref('CommunicationRequest/1') },
      file: flowing(Buffer.from('The file'), 'application/pdf'),
    });
  return { binaries, write, seen: server.seen };
}

test('a file is written under its id, with its bytes as they are', async () => {
  const { binaries, write, seen } = await binariesAt(() => ({ status: 201, headers: FHIR, body: '' }));
  expect(await write()).toBe('Binary/file-1');
  expect(binaries.isRepeatable).toBe(true);
  const [{ method, url, headers, body } = { method: '', url: new URL('x:'), headers: {}, body: '' }] = seen;
  expect([method, url.pathname, body]).toEqual(['PUT', '/fhir/Binary/file-1', 'The file']);
  expect(headers).toMatchObject({
    ...{ authorization: 'Bearer secret', prefer: 'return=minimal', 'content-type': 'application/pdf' },
    ...{ 'content-length': '8', 'x-security-context': 'CommunicationRequest/1' },
  });
});

test('where the server chooses the id, it is read from its answer', async () => {
  const headers = { ...FHIR, location: 'http://fhir.example/fhir/Binary/77/_history/1' };
  const server = await binariesAt(() => ({ status: 201, headers }), { idStrategy: 'server-assigned' });
  expect(await server.write()).toBe('Binary/77');
  expect(server.binaries.isRepeatable).toBe(false);
  expect([server.seen[0]?.method, server.seen[0]?.url.pathname]).toEqual(['POST', '/fhir/Binary']);
  const silent = await binariesAt(() => ({ status: 201, headers: FHIR }), { idStrategy: 'server-assigned' });
  await expect(silent.write()).rejects.toMatchObject({ code: 'fhir-answer' });
});

test.each([
  [outcome(413), { code: 'fhir-too-large', status: 413 }],
  [outcome(422), { code: 'fhir-refused', status: 422 }],
  [outcome(409), { code: 'fhir-conflict', status: 409 }],
  [outcome(503), { code: 'fhir-unavailable', status: 503 }],
  [outcome(403), { code: 'fhir-token' }],
  [
    { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Proxy</h1>' },
    { code: 'fhir-unavailable' },
  ],
  [{ status: 307, headers: { location: 'http://elsewhere/' } }, { code: 'fhir-unavailable' }],
])('a write that is refused (%j) says why', async (answer, expected) => {
  const { write } = await binariesAt(() => answer);
  await expect(write()).rejects.toMatchObject(expected);
});
