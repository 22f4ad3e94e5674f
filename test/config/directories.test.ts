// Directories in the configuration: defaults, secrets from files inside lists, and faults that show no secret.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { faultsOf, LEAST } from '../builders/config.ts';

const SECRET = 'hunter2-hunter2-hunter2';
let file = '';
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-directories-'));
  file = join(folder, 'secret');
  await writeFile(file, `${SECRET}\n`);
  afterAll(() => rm(folder, { recursive: true }));
});

const care = { kind: 'mcsd', name: 'care', baseUrl: 'https://mcsd.example/fhir', authoritativeFor: 'all' };
const realm = {
  ...{ kind: 'keycloak', name: 'realm', baseUrl: 'https://sso.example', realm: 'care', clientId: 'bridge' },
};

const environment = (settings: Readonly<Record<string, unknown>>) => ({
  ...LEAST,
  BRIDGE_IDENTITY_ENABLED: 'true',
  ...Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`BRIDGE_IDENTITY_${name}`, JSON.stringify(value)]),
  ),
});
const load = async (settings: Readonly<Record<string, unknown>>) =>
  (await loadConfig(undefined, environment(settings))).identity;
const faults = (settings: Readonly<Record<string, unknown>>) => faultsOf(undefined, environment(settings));

test('without configuration only the local table is asked', async () => {
  expect(await load({})).toMatchObject({ directories: [{ kind: 'local' }], homeserverSources: [] });
});

test('by default nothing is written into the own directory', async () => {
  expect(await load({})).toMatchObject({ publishToOwnFhir: false });
  expect(await load({ PUBLISH_TO_OWN_FHIR: true })).toMatchObject({ publishToOwnFhir: true });
});

test('lists and maps are read from the environment, secrets of their items from files', async () => {
  const identity = await load({
    DIRECTORIES: [
      { kind: 'local' },
      { ...care, bearerTokenFile: file },
      { ...realm, clientSecretFile: file },
    ],
    HOMESERVERS_BY_URA: { '00000001': 'hs.example' },
    HOMESERVER_SOURCES: [
      { kind: 'addressing', name: 'lrza', baseUrl: 'https://l.example', connectionTypes: ['m'] },
    ],
  });
  expect(identity.directories).toMatchObject([
    { kind: 'local' },
    { name: 'care', bearerToken: SECRET, authoritativeFor: 'all', believePublished: false, sync: true },
    { name: 'realm', clientSecret: SECRET, attributes: { uziNr: 'uziNr', matrixId: 'matrixId' } },
  ]);
  expect(identity.homeserversByUra).toEqual({ '00000001': 'hs.example' });
});

test.each([
  ['two of one name', [care, care], 'directories: got the name "care" twice'],
  ['a name that is in use', [{ ...care, name: 'peppers' }], 'directories: got the name "peppers" twice'],
  ['plain http', [{ ...care, baseUrl: 'http://mcsd.example' }], 'directories.0.baseUrl: expected https'],
  ['nobody believed', [{ ...care, authoritativeFor: [] }], 'directories.0.authoritativeFor: got none'],
  ['a URA number that is none', [{ ...care, authoritativeFor: ['1'] }], 'directories.0.authoritativeFor'],
  ['no secret', [{ kind: 'local' }, realm], 'directories.1.clientSecret: got nothing'],
  [
    'half a client for passwords',
    [{ ...realm, clientSecret: SECRET, passwordClientId: 'p' }],
    'directories.0.passwordClientId: expected it together',
  ],
  [
    'a certificate without its key',
    [{ ...care, cert: '-----BEGIN CERTIFICATE-----' }],
    'directories.0.cert: expected it together with key',
  ],
  ['a key that does not exist', [{ ...care, colour: 'x' }], 'directories.0.colour: no such key'],
  ['no kind', [{ name: 'x' }], 'directories.0.kind: got nothing'],
  [
    'a file that is not there',
    [{ ...care, bearerTokenFile: '/no/such' }],
    'directories.0.bearerTokenFile: cannot read /no/such',
  ],
])('a configuration is refused with %s', async (_, directories, fault) => {
  expect(await faults({ DIRECTORIES: directories })).toEqual([
    expect.stringContaining(`identity.${fault}`) as string,
  ]);
});

test('rooms can use directories only if there are any', async () => {
  const env = { ...LEAST, BRIDGE_PEOPLE_RESOLVE_BY_DIRECTORY: 'true' };
  expect(await faultsOf(undefined, env)).toEqual([
    expect.stringContaining('people.resolveByDirectory: got true, expected identity.enabled') as string,
  ]);
  const { people } = await loadConfig(undefined, { ...env, BRIDGE_IDENTITY_ENABLED: 'true' });
  expect(people.resolveByDirectory).toBe(true);
});

test('the example in the documentation is a valid configuration', async () => {
  const page = await readFile(new URL('../../docs/reference/directories.md', import.meta.url), 'utf8');
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
  const path = `${file}.yaml`;
  await writeFile(
    path,
    yaml.replaceAll(/^( *)(\w+)File: .*pem|^( *)keyFile: .*$/gm, '').replaceAll(/\/run\/\S+/g, file),
  );
  const { identity } = await loadConfig(path, LEAST);
  expect(identity.directories.map(({ kind }) => kind)).toEqual(['local', 'mcsd', 'keycloak']);
  expect(identity.homeserverSources.map(({ kind }) => kind)).toEqual(['addressing', 'nuts']);
});

test('an addressing directory must say which Endpoints are homeservers', async () => {
  const source = { kind: 'addressing', name: 'lrza', baseUrl: 'https://l.example' };
  expect(await faults({ HOMESERVER_SOURCES: [source] })).toEqual([
    expect.stringContaining('identity.homeserverSources.0.connectionTypes: got none') as string,
  ]);
});

test.each([
  ['one that is too short', [{ ...realm, clientSecret: 'hunter2' }]],
  ['one of another type', [{ ...realm, clientSecret: ['hunter2'] }]],
  ['a key that is no PEM', [{ ...care, key: 'hunter2', cert: 'hunter2' }]],
  ['one in the place of a directory', ['hunter2']],
  ['one in the place of the list', 'hunter2'],
])('secrets in lists are never printed: %s', async (_, directories) => {
  const told = (await faults({ DIRECTORIES: directories })).join('\n');
  expect(told).toContain('not shown');
  expect(told).not.toContain('hunter2');
});
