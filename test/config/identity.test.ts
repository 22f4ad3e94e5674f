// The identity port refuses to start open: every half-finished protection is a fault of the configuration.
import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

const REQUIRED = {
  BRIDGE_DATABASE_URL: 'postgresql://bridge@localhost/bridge',
  BRIDGE_MATRIX_HOMESERVER_URL: 'http://localhost:8008',
  BRIDGE_MATRIX_SERVER_NAME: 'example.org',
  BRIDGE_MATRIX_AS_TOKEN: 'as-token-as-token-as-token',
  BRIDGE_MATRIX_HS_TOKEN: 'hs-token-hs-token-hs-token',
  BRIDGE_FHIR_BASE_URL: 'http://localhost:8080/fhir',
  BRIDGE_FHIR_HOOK_SECRET: 'hook-secret-hook-secret',
  BRIDGE_PEOPLE_PSEUDONYMIZATION_KEY: 'pseudonymization-key',
};

const TLS = { TLS_CERT_FILE: '/tls.crt', TLS_KEY_FILE: '/tls.key', TLS_CLIENT_CA_FILE: '/ca.crt' };

const load = (identity: Readonly<Record<string, string>>): Promise<Config> =>
  loadConfig(undefined, {
    ...REQUIRED,
    ...Object.fromEntries(
      Object.entries(identity).map(([name, value]) => [`BRIDGE_IDENTITY_${name}`, value]),
    ),
  });

async function faults(identity: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const error: unknown = await load({ ENABLED: 'true', ...identity }).catch((thrown: unknown) => thrown);
  return error instanceof ConfigError ? error.faults : [];
}

test('the identity port is off by default; switched on, it listens on this machine only, without backend', async () => {
  const { identity } = await load({});
  expect(identity).toMatchObject({ enabled: false, host: '127.0.0.1', port: 3003, backendAuth: 'off' });
  expect(identity).toMatchObject({ passwordLogin: false, profiles: false, plainLookups: false });
});

test.each([
  [
    'a proxy that is not named: all who come through it would share one limit',
    { PUBLIC_URL: 'https://id.example' },
    'identity.trustedProxies: got none',
  ],
  ['a bearer token that is not there', { BACKEND_AUTH: 'bearer' }, 'identity.backendSecret: got nothing'],
  ['a path secret that is not there', { BACKEND_AUTH: 'path-secret' }, 'identity.backendSecret: expected'],
  [
    'a path secret that is no part of a path',
    { BACKEND_AUTH: 'path-secret', BACKEND_SECRET: 'sixteen/or/more/characters' },
    'identity.backendSecret: expected only letters',
  ],
  [
    'client certificates without a list of them',
    { BACKEND_AUTH: 'client-certificate', ...TLS },
    'identity.clientCertificates: got none',
  ],
  [
    'client certificates without their authority',
    { BACKEND_AUTH: 'client-certificate', CLIENT_CERTIFICATES: 'CN=ma1sd' },
    'identity.tlsClientCaFile: got nothing',
  ],
  [
    'a certificate without its key',
    { TLS_CERT_FILE: '/tls.crt' },
    'identity.tlsCertFile: expected it together',
  ],
  [
    'an authority of clients, but no TLS',
    { BACKEND_AUTH: 'client-certificate', CLIENT_CERTIFICATES: 'CN=ma1sd', TLS_CLIENT_CA_FILE: '/ca.crt' },
    'identity.tlsClientCaFile: expected it together',
  ],
  [
    'an authority of clients whom nobody asks for certificates',
    TLS,
    'identity.tlsClientCaFile: expected it only where',
  ],
  ['the network alone, and no network', { BACKEND_AUTH: 'network' }, 'identity.allowedNetworks: expected'],
  [
    'the network alone, and all networks',
    { BACKEND_AUTH: 'network', ALLOWED_NETWORKS: '0.0.0.0/0' },
    'identity.allowedNetworks: expected',
  ],
  [
    'the network alone, and half of all networks',
    { BACKEND_AUTH: 'network', ALLOWED_NETWORKS: '10.0.0.0/8,::/1' },
    'identity.allowedNetworks: expected',
  ],
  ['nothing to serve', { SERVICE: 'false' }, 'identity.backendAuth: got "off"'],
  [
    'limits that no full look-up fits in',
    { LOOKUPS_PER_MINUTE: '10' },
    'identity.lookupLimit: expected no more than',
  ],
  ['networks that are none', { ALLOWED_NETWORKS: '10.0.0.0/33' }, 'identity.allowedNetworks.0'],
])('a configuration is refused with %s', async (_, settings, fault) => {
  expect(await faults(settings)).toEqual([expect.stringContaining(fault)]);
});

test('a malformed signing key is refused and not shown', async () => {
  const [fault = ''] = await faults({ SIGNING_KEY: 'not-a-signing-key' });
  expect(fault).toContain('32 bytes in base64');
  expect(fault).not.toContain('not-a-signing-key');
});

test.each([
  [{ BACKEND_AUTH: 'bearer', BACKEND_SECRET: 'a-secret-of-the-proxy' }],
  [{ BACKEND_AUTH: 'path-secret', BACKEND_SECRET: 'a-secret-in-the-path' }],
  [{ SIGNING_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' }], // as `init` makes one: no invitations yet
  [{ TLS_CERT_FILE: '/tls.crt', TLS_KEY_FILE: '/tls.key' }],
  [{ BACKEND_AUTH: 'client-certificate', CLIENT_CERTIFICATES: 'CN=ma1sd', ...TLS }],
  [{ BACKEND_AUTH: 'network', ALLOWED_NETWORKS: '10.1.2.0/24,fd00:1::/32', SERVICE: 'false' }],
])('a configuration is accepted with %j', async (settings) => {
  expect(await faults(settings)).toEqual([]);
});
