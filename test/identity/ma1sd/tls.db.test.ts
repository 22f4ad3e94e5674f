// The port with TLS of its own: the backend looks at the connection's certificate and at no header; all else needs none.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { HttpServer } from '../../../src/ops/http-server.ts';
import { startHttpServer } from '../../../src/ops/http-server.ts';
import type { Certificate } from '../../builders/certificates.ts';
import { createAuthority } from '../../builders/certificates.ts';
import { useWorlds } from '../world.ts';

const start = useWorlds();
const theirs = createAuthority('Authority of the callers');
const ours = createAuthority('Authority of the bridge');
const ma1sd = theirs.issue('ma1sd');
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const SINGLE = '/_ma1sd/backend/api/v1/identity/single';
const LET_IN = [200, {}];
const REFUSED = [403, { errcode: 'M_FORBIDDEN', error: 'You may not call this' }];

/** The port, with what lets certificates of these names in. */
async function listening(names: string, env: Readonly<Record<string, string>> = {}): Promise<HttpServer> {
  const dir = await mkdtemp(join(tmpdir(), 'identity-tls-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const files = { certFile: join(dir, 'crt'), keyFile: join(dir, 'key'), clientCaFile: join(dir, 'ca') };
  const own = ours.issue('bridge', '127.0.0.1');
  await writeFile(files.certFile, own.cert);
  await writeFile(files.keyFile, own.key);
  await writeFile(files.clientCaFile, theirs.cert);
  const world = await start({
    ...{ BRIDGE_IDENTITY_BACKEND_AUTH: 'client-certificate', BRIDGE_IDENTITY_CLIENT_CERTIFICATES: names },
    ...{ BRIDGE_IDENTITY_TLS_CERT_FILE: files.certFile, BRIDGE_IDENTITY_TLS_KEY_FILE: files.keyFile },
    BRIDGE_IDENTITY_TLS_CLIENT_CA_FILE: files.clientCaFile,
    ...env,
  });
  const listen = { host: '127.0.0.1', port: 0, tls: files };
  const server = await startHttpServer(listen, world.identityPort.routers, world.log);
  onTestFinished(() => server.close(0));
  return server;
}

interface Caller {
  readonly certificate?: Certificate | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly maxVersion?: (typeof VERSIONS)[number];
  readonly agent?: Agent;
  readonly path?: string;
}

async function calling(server: HttpServer, caller: Caller = {}): Promise<readonly [number, unknown]> {
  const { certificate, headers, maxVersion = 'TLSv1.3', agent = new Agent(), path = SINGLE } = caller;
  const sent = request({
    ...{ host: '127.0.0.1', port: server.port, path, method: path === SINGLE ? 'POST' : 'GET' },
    ...{ agent, headers, maxVersion, ca: ours.cert, ...certificate },
  });
  sent.end(path === SINGLE ? JSON.stringify({ lookup: { medium: 'email', address: 'a@hs.example' } }) : '');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return [response.statusCode ?? 0, JSON.parse(await text(response)) as unknown];
}

test.each(VERSIONS)('a listed subject of the authority may call (%s)', async (maxVersion) => {
  const server = await listening('CN=ma1sd');
  expect(await calling(server, { certificate: ma1sd, maxVersion })).toEqual(LET_IN);
  expect(await calling(server, { certificate: theirs.issue('ma1sd2'), maxVersion })).toEqual(REFUSED);
  expect(await calling(server, { maxVersion })).toEqual(REFUSED);
});

test.each(VERSIONS)(
  'the name alone is not enough: another authority’s ma1sd is refused (%s)',
  async (maxVersion) => {
    const server = await listening('CN=ma1sd');
    for (const authority of [ours, createAuthority('Somebody’s')]) {
      expect(await calling(server, { certificate: authority.issue('ma1sd'), maxVersion })).toEqual(REFUSED);
    }
    // OpenSSL breaks the connection over one that goes by the authority's name but has another key.
    const certificate = createAuthority('Authority of the callers').issue('ma1sd');
    const outcome = await calling(server, { certificate, maxVersion }).catch(() => 'broken');
    expect([REFUSED, 'broken']).toContainEqual(outcome);
  },
);

test('a subject of several parts is written as proxies write it, the last part first', async () => {
  const server = await listening('["CN=ma1sd,O=Care"]');
  expect(await calling(server, { certificate: theirs.issue('Care/ma1sd') })).toEqual(LET_IN);
  expect(await calling(server, { certificate: theirs.issue('Other/ma1sd') })).toEqual(REFUSED);
  expect(await calling(server, { certificate: theirs.issue('ma1sd,O=Care') })).toEqual(REFUSED);
  expect(await calling(server, { certificate: theirs.issue('Care\nCN=ma1sd') })).toEqual(REFUSED);
});

test('a listed fingerprint may call, another certificate of the same name may not', async () => {
  const server = await listening(new X509Certificate(ma1sd.cert).fingerprint256);
  expect(await calling(server, { certificate: ma1sd })).toEqual(LET_IN);
  expect(await calling(server, { certificate: theirs.issue('ma1sd') })).toEqual(REFUSED);
});

test('no header stands for a certificate, not even a trusted proxy’s', async () => {
  const server = await listening('CN=ma1sd', { BRIDGE_IDENTITY_TRUSTED_PROXIES: '127.0.0.1' });
  expect(await calling(server, { headers: { 'X-Client-Certificate': 'CN=ma1sd' } })).toEqual(REFUSED);
});

test('a certificate is of no use from another network', async () => {
  const server = await listening('CN=ma1sd', { BRIDGE_IDENTITY_ALLOWED_NETWORKS: '10.1.2.0/24' });
  expect(await calling(server, { certificate: ma1sd })).toEqual(REFUSED);
});

test.each(VERSIONS)('a resumed session is worth the certificate it began with (%s)', async (maxVersion) => {
  const server = await listening('CN=ma1sd');
  for (const [certificate, expected] of [
    [undefined, REFUSED],
    [ma1sd, LET_IN],
  ] as const) {
    // Keeps sessions, but not connections.
    const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 });
    const resumed: boolean[] = [];
    agent.on('keylog', (_line, socket: TLSSocket) => {
      socket.once('secureConnect', () => resumed.push(socket.isSessionReused()));
    });
    for (let times = 0; times < 3; times += 1) {
      expect(await calling(server, { certificate, agent, maxVersion })).toEqual(expected);
    }
    expect(resumed).toContain(true);
  }
});

test('health and the identity service ask for no certificate', async () => {
  const server = await listening('CN=ma1sd');
  expect((await calling(server, { path: '/health' }))[0]).toBe(200);
  expect(await calling(server, { path: '/_matrix/identity/v2' })).toEqual([200, {}]);
  const certificate = createAuthority('Somebody’s').issue('somebody');
  expect((await calling(server, { path: '/health', certificate }))[0]).toBe(200);
});
