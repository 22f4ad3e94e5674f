// No secret that is public, and none that goes to another machine in the clear unless the operator says that its network is their own.
import { describe, expect, test } from 'vitest';
import { sampleConfig } from '../../src/config/sample.ts';
import { loadConfig } from '../../src/config/load.ts';
import { isThisMachine } from '../../src/config/plain-http.ts';
import { faultsOf, LEAST } from '../builders/config.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

describe('a secret of the sample is refused', () => {
  test('in the sample itself: every one of them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bridge-config-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'config.yaml');
    await writeFile(path, sampleConfig());
    const faults = await faultsOf(path);
    expect(faults.map((fault) => fault.split(':')[0])).toEqual([
      'database.url',
      'matrix.asToken',
      'matrix.hsToken',
      'fhir.hookSecret',
      'people.pseudonymizationKey',
    ]);
    expect(faults.join()).not.toContain('change-me');
  });

  test.each([
    ['BRIDGE_MATRIX_AS_TOKEN', 'change-me-as-token-of-the-registration', 'matrix.asToken'],
    ['BRIDGE_MATRIX_PREVIOUS_HS_TOKEN', 'CHANGEME-CHANGEME', 'matrix.previousHsToken'],
    ['BRIDGE_DATABASE_URL', 'postgresql://bridge:change_me@db/bridge', 'database.url'],
  ])('in %s', async (name, value, key) => {
    const [fault = ''] = await faultsOf(undefined, { ...LEAST, [name]: value });
    expect(fault).toContain(`${key}: got that of the sample`);
    expect(fault).not.toContain(value);
  });

  test('deep within a list', async () => {
    const directories = JSON.stringify([
      {
        ...{ kind: 'mcsd', name: 'care', baseUrl: 'https://mcsd.example', trustedServers: ['a.example'] },
        bearerToken: 'change-me-change-me',
      },
    ]);
    expect(await faultsOf(undefined, { ...LEAST, BRIDGE_IDENTITY_DIRECTORIES: directories })).toEqual([
      expect.stringContaining('identity.directories.0.bearerToken'),
    ]);
  });

  test('but a name that is no secret may be anything', async () => {
    await expect(
      loadConfig(undefined, { ...LEAST, BRIDGE_MATRIX_BOT_NAME: 'Change me' }),
    ).resolves.toBeDefined();
  });
});

describe('plain http to another machine is refused', () => {
  test.each([
    ['BRIDGE_MATRIX_HOMESERVER_URL', 'matrix.homeserverUrl'],
    ['BRIDGE_MATRIX_APPSERVICE_URL', 'matrix.appserviceUrl'],
    ['BRIDGE_FHIR_BASE_URL', 'fhir.baseUrl'],
    ['BRIDGE_FHIR_HOOK_URL', 'fhir.hookUrl'],
    ['BRIDGE_INVITATIONS_TOKEN_URL', 'invitations.tokenUrl'],
    ['BRIDGE_INVITATIONS_RESOLVER_URL', 'invitations.resolverUrl'],
  ])('in %s, unless its host is named', async (name, key) => {
    const env = { ...LEAST, [name]: 'http://Far.example:8080/x' };
    expect(await faultsOf(undefined, env)).toEqual([
      `${key}: got plain http to far.example, expected https, or far.example in network.plainHttpHosts`,
    ]);
    const named = { ...env, BRIDGE_NETWORK_PLAIN_HTTP_HOSTS: 'synapse,hapi,FAR.example' };
    await expect(loadConfig(undefined, named)).resolves.toBeDefined();
    await expect(loadConfig(undefined, { ...LEAST, [name]: 'https://far.example' })).resolves.toBeDefined();
  });

  test('in the URLs of homeservers that tell whose a token is', async () => {
    const homeservers = JSON.stringify([{ serverName: 'b.example', baseUrl: 'http://b.example:8448' }]);
    const env = { ...LEAST, BRIDGE_IDENTITY_ENABLED: 'true', BRIDGE_IDENTITY_HOMESERVERS: homeservers };
    expect(await faultsOf(undefined, env)).toEqual([
      expect.stringContaining('identity.homeservers.0.baseUrl: got plain http'),
    ]);
  });

  test.each([
    ['localhost', true],
    ['bridge.localhost', true],
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['[::1]', true],
    ['10.0.0.1', false],
    ['localhost.example', false],
    ['127.0.0.1.example', false],
    ['mylocalhost', false],
    ['0.0.0.0', false],
  ])('%s is this machine: %s', (host, expected) => {
    expect(isThisMachine(host)).toBe(expected);
  });
});
