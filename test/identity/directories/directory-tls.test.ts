// Mutual TLS with a directory: who is let in, who is not, and that the error says it is for the certificates.
import { expect, test } from 'vitest';
import { connectFhirDirectory } from '../../../src/app/identity/connections.ts';
import { createDirectoryServer } from '../../../src/identity/directories/directory-server.ts';
import type { Tls } from '../../../src/net/transport.ts';
import { createAuthority } from '../../builders/certificates.ts';
import type { ScriptedServer } from '../../builders/http.ts';
import { serveScript } from '../../builders/http.ts';

const signal = new AbortController().signal;
const theirs = createAuthority('Authority of the directory');
const ours = createAuthority('Authority of its callers');
const stranger = createAuthority('Nobody’s authority');
const client = ours.issue('bridge');
const clock = { now: () => new Date(0), monotonicMs: () => 0 };

/** A FHIR directory that demands a certificate of its callers' authority. */
function serveDirectory(maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<ScriptedServer> {
  return serveScript(
    () => ({
      headers: { 'content-type': 'application/fhir+json' },
      body: { resourceType: 'Bundle', type: 'searchset' },
    }),
    {
      ...theirs.issue('directory', '127.0.0.1'),
      ...{ ca: ours.cert, requestCert: true, rejectUnauthorized: true, maxVersion },
    },
  );
}

/** Asks the directory in both ways: as a FHIR server, and as one of another interface. They meet the same. */
async function searching(baseUrl: string, tls: Tls): Promise<string> {
  const server = { name: 'care', baseUrl, allowPrivateAddresses: true, tls };
  const observe = () => () => undefined;
  const told = (error: unknown): string => String(error);
  const plain = createDirectoryServer({ ...server, requestTimeoutMs: 5000, observe })
    .request({ operation: 'search Practitioner', method: 'GET', path: 'Practitioner', signal })
    .then(() => 'answered', told);
  const fhir = connectFhirDirectory(
    { metrics: { observeDirectory: observe }, clock },
    { ...server, ...tls },
    5000,
  );
  const found = fhir.search('Practitioner', [], 10, signal).then(() => 'answered', told);
  const [first, second] = await Promise.all([plain, found]);
  if (first !== 'answered' || second !== 'answered') expect(first.split(': ')[1]).toBe(second.split(': ')[1]);
  return second;
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)('the right certificate is let in (%s)', async (version) => {
  const { url, seen } = await serveDirectory(version);
  expect(await searching(url, { ca: theirs.cert, ...client })).toBe('answered');
  expect(seen).toHaveLength(2);
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'without one the error names certificates (%s)',
  async (version) => {
    const { url, seen } = await serveDirectory(version);
    const told = await searching(url, { ca: theirs.cert });
    expect(told).toMatch(
      /^BridgeError: directory-certificate: care search Practitioner: ERR_SSL_(\w*CERTIFICATE_REQUIRED|SSL\/TLS_ALERT_HANDSHAKE_FAILURE)$/,
    );
    expect(seen).toHaveLength(0);
  },
);

test('one of another authority is not let in', async () => {
  const { url, seen } = await serveDirectory();
  // Node's server breaks the connection without a word.
  expect(await searching(url, { ca: theirs.cert, ...stranger.issue('bridge') })).toMatch(
    /^BridgeError: directory-(certificate|unavailable): /,
  );
  expect(seen).toHaveLength(0);
});

test.each([
  ['of another authority', { ca: stranger.cert, ...client }],
  ['of no public authority', client],
])('a directory with a certificate %s is told nothing', async (_, tls) => {
  const { url, seen } = await serveDirectory();
  expect(await searching(url, tls)).toMatch(
    /^BridgeError: directory-certificate: care search Practitioner: [A-Z_]+$/,
  );
  expect(seen).toHaveLength(0);
});

test('a directory with a certificate for another address is told nothing', async () => {
  const { url, seen } = await serveScript(() => ({}), theirs.issue('directory', '127.0.0.2'));
  expect(await searching(url, { ca: theirs.cert })).toContain(
    'directory-certificate: care search Practitioner: ERR_TLS_CERT_ALTNAME_INVALID',
  );
  expect(seen).toHaveLength(0);
});

test('a key that does not go with its certificate is told as such', async () => {
  const { url } = await serveDirectory();
  const { key } = ours.issue('another');
  expect(await searching(url, { ca: theirs.cert, cert: client.cert, key })).toContain(
    'directory-certificate: care search Practitioner: ERR_OSSL_X509_KEY_VALUES_MISMATCH',
  );
});
