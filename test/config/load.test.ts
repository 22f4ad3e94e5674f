// The configuration as read: defaults, environment, files, and faults that an operator can mend.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configKeys } from '../../src/config/keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { sampleConfig } from '../../src/config/sample.ts';
import type { Environment } from '../builders/config.ts';
import { faultsOf, LEAST } from '../builders/config.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bridge-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

let files = 0;
async function file(text: string): Promise<string> {
  const path = join(folder, `${(files += 1)}`);
  await writeFile(path, text);
  return path;
}

/** The sample as an operator leaves it. */
const filledIn = sampleConfig().replaceAll('change-me', 'an-own-secret');

test('the sample is a valid configuration once its secrets are replaced', async () => {
  const config = await loadConfig(await file(filledIn), {});
  expect(config.matrix).toMatchObject({
    homeserverUrl: 'http://localhost:8008',
    serverName: 'localhost',
    botLocalpart: '_fhir_bot',
    ghostPrefix: '_fhir_',
    roomVersion: 'default',
  });
  expect(config.fhir).toMatchObject({
    baseUrl: 'http://localhost:8080/fhir',
    readFrom: 'now',
    pageSize: 200,
  });
});

test('every commented-out key of the sample shows its default', async () => {
  const uncommented = filledIn
    .replaceAll(/^ {2}# (\w+: .+)$/gm, (line, key: string) => (key.endsWith(': ""') ? line : `  ${key}`))
    .replaceAll(/^# (\w+:)$/gm, '$1');
  expect(await loadConfig(await file(uncommented), {})).toEqual(await loadConfig(await file(filledIn), {}));
});

test('the environment alone is enough', async () => {
  const config = await loadConfig(undefined, LEAST);
  expect(config.matrix.asToken).toBe('as-token-0123456789');
  expect(config.listen).toEqual({ host: '0.0.0.0', port: 3000 });
  expect(config.shutdown).toEqual({ drainMs: 5_000, graceMs: 15_000 });
});

describe('where a value comes from', () => {
  const yaml = 'listen: { port: 1111 }\nmatrix: { trustedServers: [a.example] }\n';

  test.each<[string, Environment, number]>([
    ['the file', {}, 1111],
    ['the environment before the file', { BRIDGE_LISTEN_PORT: '2222' }, 2222],
    ['the guides’ name', { PORT: '3333' }, 3333],
    ['the proper name before the guides’', { PORT: '3333', BRIDGE_LISTEN_PORT: '2222' }, 2222],
    ['an empty variable counts for nothing', { BRIDGE_LISTEN_PORT: '', PORT: '' }, 1111],
  ])('%s', async (_, env, port) => {
    const config = await loadConfig(await file(yaml), { ...LEAST, ...env });
    expect(config.listen.port).toBe(port);
    expect(config.matrix.trustedServers).toEqual(['a.example']);
  });

  test.each<[string, string, (config: Awaited<ReturnType<typeof loadConfig>>) => unknown]>([
    ['MATRIX_URL', 'https://a.example', ({ matrix }) => matrix.homeserverUrl],
    ['FHIR_URL', 'https://b.example', ({ fhir }) => fhir.baseUrl],
    ['DATA_SERVER_URL', 'https://c.example', ({ fhir }) => fhir.baseUrl],
    ['DATABASE_URL', 'postgres://d.example/db', ({ database }) => database.url],
    ['LOG_LEVEL', 'debug', ({ log }) => log.level],
  ])('the guides’ %s is understood', async (name, value, read) => {
    const env = Object.fromEntries(
      Object.entries(LEAST).filter(([key]) => !/(HOMESERVER|BASE|DATABASE)_URL/.test(key)),
    );
    const others = {
      MATRIX_URL: 'http://localhost',
      FHIR_URL: 'http://localhost',
      DATABASE_URL: 'postgres://x/x',
    };
    const rest = name === 'DATA_SERVER_URL' ? { ...others, FHIR_URL: '' } : others;
    expect(read(await loadConfig(undefined, { ...env, ...rest, [name]: value }))).toBe(value);
  });

  test('a _FILE variable names a file with the value; the variable itself comes first', async () => {
    const path = await file('  token-from-a-file-0123\n');
    const byFile: Environment = { ...LEAST, BRIDGE_MATRIX_AS_TOKEN: '', BRIDGE_MATRIX_AS_TOKEN_FILE: path };
    expect((await loadConfig(undefined, byFile)).matrix.asToken).toBe('token-from-a-file-0123');
    const both = { ...byFile, BRIDGE_MATRIX_AS_TOKEN: 'token-in-the-variable' };
    expect((await loadConfig(undefined, both)).matrix.asToken).toBe('token-in-the-variable');
  });

  test('strings become the type of the key', async () => {
    const env = {
      BRIDGE_FHIR_SUBSCRIPTIONS: 'false',
      BRIDGE_FHIR_OVERLAP_SECONDS: '0.5',
      BRIDGE_MATRIX_TRUSTED_SERVERS: 'a.example, b.example:8448',
    };
    const { fhir, matrix } = await loadConfig(undefined, { ...LEAST, ...env });
    expect([fhir.subscriptions, fhir.overlapMs, matrix.trustedServers]).toEqual([
      false,
      500,
      ['a.example', 'b.example:8448'],
    ]);
  });

  test('a slash at the end of a URL is ignored', async () => {
    const { fhir } = await loadConfig(undefined, {
      ...LEAST,
      FHIR_URL: '',
      BRIDGE_FHIR_BASE_URL: 'http://localhost/fhir//',
    });
    expect(fhir.baseUrl).toBe('http://localhost/fhir');
  });
});

describe('mistakes', () => {
  test('an empty configuration names every key that is required, and how to set it', async () => {
    const faults = await faultsOf(undefined);
    const required = configKeys().filter((key) => key.required);
    expect(faults).toHaveLength(required.length);
    for (const { path, env, description } of required) {
      expect(faults).toContainEqual(
        expect.stringMatching(new RegExp(`^${path.join('\\.')}: got nothing, .*\\(${String(env[0])}\\) - `)),
      );
      expect(faults.join('\n')).toContain(description);
    }
  });

  test('are reported all at once, with path, value and expectation', async () => {
    const faults = await faultsOf(
      await file(`
listen: { port: 70000 }
matrix: { homeserverUrl: 'ftp://x', serverName: 'a b', spaceName: 'Team of {patient}', maxConcurrentRequests: many }
fhir: { readFrom: yesterday }
log: { level: loud }
`),
      {
        ...LEAST,
        BRIDGE_MATRIX_HOMESERVER_URL: '',
        BRIDGE_MATRIX_SERVER_NAME: '',
        BRIDGE_INBOX_WORKERS: 'ten',
      },
    );
    expect(faults).toEqual([
      expect.stringMatching(/^listen\.port: got 70000, .*<=65535.* \(BRIDGE_LISTEN_PORT\) - /),
      expect.stringMatching(/^matrix\.homeserverUrl: got "ftp:\/\/x", expected an http or https URL /),
      expect.stringMatching(/^matrix\.serverName: got "a b", expected a Matrix server name/),
      expect.stringMatching(
        /^matrix\.spaceName: got "Team of \{patient\}", expected no variable but \{number\}/,
      ),
      expect.stringMatching(/^matrix\.maxConcurrentRequests: got "many", .*number/),
      expect.stringMatching(/^fhir\.readFrom: got "yesterday", .*"now"\|"beginning"/),
      expect.stringMatching(/^inbox\.workers: got "ten", .*number/),
      expect.stringMatching(/^log\.level: got "loud", .*"debug"\|"info"\|"warn"\|"error"/),
    ]);
  });

  test.each([
    ['as_token', 'matrix.as_token: no such key, did you mean matrix.asToken?'],
    ['AsToken', 'matrix.AsToken: no such key, did you mean matrix.asToken?'],
    ['homeserverUrls', 'matrix.homeserverUrls: no such key, did you mean matrix.homeserverUrl?'],
    ['homserverUrl', 'matrix.homserverUrl: no such key, did you mean matrix.homeserverUrl?'],
    ['membreship', 'matrix.membreship: no such key, did you mean matrix.membership?'],
    ['requestTimeout', 'matrix.requestTimeout: no such key, did you mean matrix.requestTimeoutSeconds?'],
    ['colour', 'matrix.colour: no such key'],
  ])('an unknown key is reported, with a hint if a known key is similar: %s', async (key, expected) => {
    expect(await faultsOf(await file(`matrix: { ${key}: x }`), LEAST)).toEqual([expected]);
  });

  test.each([
    ['at the top', 'matrx: {}', 'matrx: no such key, did you mean matrix?'],
    [
      'in an item of a list, by its kind',
      'identity: { directories: [{ kind: local }, { kind: keycloak, name: a, baseUrl: https://a.example, realm: r, clientID: b }] }',
      'identity.directories.1.clientID: no such key, did you mean identity.directories.1.clientId?',
    ],
    [
      'not from another kind',
      'identity: { directories: [{ kind: mcsd, name: a, baseUrl: https://a.example, realms: r }] }',
      'identity.directories.0.realms: no such key',
    ],
  ])('the hint is a key of the same object: %s', async (_, yaml, expected) => {
    expect(await faultsOf(await file(yaml), LEAST)).toContain(expected);
  });

  test('the bot must be in the namespace that the registration claims', async () => {
    expect(await faultsOf(undefined, { ...LEAST, BRIDGE_MATRIX_BOT_LOCALPART: 'bridge' })).toEqual([
      'matrix.botLocalpart: got "bridge", expected it to begin with matrix.ghostPrefix',
    ]);
  });

  test.each([
    ['a list', '- a\n', /expected a mapping/],
    ['nothing', '', /expected a mapping/],
  ])('a file that holds %s is reported', async (_, text, expected) => {
    expect(await faultsOf(await file(text), LEAST)).toEqual([expect.stringMatching(expected)]);
  });

  test('files that cannot be read are named', async () => {
    expect(await faultsOf('/no/such/config.yaml')).toEqual([
      expect.stringMatching(/cannot be read.*config sample/),
    ]);
    const env = { ...LEAST, BRIDGE_MATRIX_HS_TOKEN: '', BRIDGE_MATRIX_HS_TOKEN_FILE: '/no/such/token' };
    expect(await faultsOf(undefined, env)).toContainEqual(
      expect.stringMatching(/^BRIDGE_MATRIX_HS_TOKEN_FILE: cannot read \/no\/such\/token/),
    );
  });
});

describe('warnings', () => {
  async function warningsOf(env: Environment, yaml = '{}') {
    const warnings: string[] = [];
    const config = await loadConfig(await file(yaml), { ...LEAST, ...env }, (warning) =>
      warnings.push(warning),
    );
    return { config, warnings };
  }

  test.each([
    ['BRIDGE_MATRIX_MEMBRESHIP', 'BRIDGE_MATRIX_MEMBERSHIP'],
    ['BRIDGE_FHIR_BEARERTOKEN_FILE', 'BRIDGE_FHIR_BEARER_TOKEN_FILE'],
  ])('a variable that looks misspelled: %s', async (name, meant) => {
    const { warnings } = await warningsOf({ [name]: 'x' });
    expect(warnings).toEqual([`${name}: no such variable, did you mean ${meant}?`]);
  });

  test('none for variables that Kubernetes sets for a Service named bridge, nor for those of others', async () => {
    const others = {
      ...{ BRIDGE_SERVICE_HOST: '10.0.0.1', BRIDGE_SERVICE_PORT: '3000', BRIDGE_PORT: 'tcp://10.0.0.1:3000' },
      ...{ BRIDGE_PORT_3000_TCP_ADDR: '10.0.0.1', BRIDGE_CONFIG: 'x', BRIDGE_IMAGE: 'x', MATRIX_URLS: 'x' },
    };
    expect((await warningsOf(others)).warnings).toEqual([]);
  });

  test('the old name of a section is accepted, in the file and in the environment', async () => {
    const { config, warnings } = await warningsOf({ BRIDGE_SWEEP_ENABLED: 'false' }, 'sweep: { hour: 5 }');
    expect(config.nightlyReconcile).toEqual({ enabled: false, hour: 5 });
    expect(warnings).toEqual([
      expect.stringMatching(/^sweep: is now called nightlyReconcile;/),
      expect.stringMatching(/^BRIDGE_SWEEP_ENABLED: is now called BRIDGE_NIGHTLY_RECONCILE_ENABLED;/),
    ]);
  });

  test('what stands under the new name counts', async () => {
    const { config } = await warningsOf(
      { BRIDGE_SWEEP_ENABLED: 'false', BRIDGE_NIGHTLY_RECONCILE_ENABLED: 'true' },
      'sweep: { hour: 5 }\nnightlyReconcile: { hour: 6 }',
    );
    expect(config.nightlyReconcile).toEqual({ enabled: true, hour: 6 });
  });

  test('a fault under the old name is told under the new one', async () => {
    expect(await faultsOf(await file('sweep: { hour: 25 }'), LEAST)).toEqual([
      expect.stringMatching(/^nightlyReconcile\.hour: got 25, /),
    ]);
  });
});

describe('secrets are never printed', () => {
  const SHORT = 'hunter2';
  const secrets = configKeys().filter((key) => key.secret);

  test('all keys that hold a secret are marked as secret', () => {
    expect(secrets.map(({ path }) => path.join('.'))).toEqual([
      'database.url',
      'matrix.asToken',
      'matrix.hsToken',
      'matrix.previousHsToken',
      'fhir.bearerToken',
      'fhir.hookSecret',
      'fhir.previousHookSecret',
      'people.pseudonymizationKey',
      'invitations.bearerToken',
      'identity.backendSecret',
      'identity.previousBackendSecret',
      'identity.signingKey',
      'identity.previousSigningKey',
    ]);
  });

  test.each([
    ['one that is too short', (path: readonly string[]) => ({ [path[0] ?? '']: { [path[1] ?? '']: SHORT } })],
    ['one of another type', (path: readonly string[]) => ({ [path[0] ?? '']: { [path[1] ?? '']: [SHORT] } })],
    ['one in place of its section', (path: readonly string[]) => ({ [path[0] ?? '']: SHORT })],
    ['one in place of its section, in a list', (path: readonly string[]) => ({ [path[0] ?? '']: [SHORT] })],
  ])('%s', async (_, tree) => {
    for (const { path } of secrets) {
      const faults = await faultsOf(await file(JSON.stringify(tree(path))));
      expect(faults.join('\n')).not.toContain(SHORT);
    }
  });

  test.each([
    ['a nested mapping', `matrix:\n  asToken: ${SHORT}: x\n`, /line 2/],
    ['an open quote', `matrix:\n  asToken: "${SHORT}\n`, /line 3/],
    ['a tab', `matrix:\n\tasToken: ${SHORT}\n`, /line 2/],
    ['an unknown alias', `matrix:\n  asToken: *${SHORT}\n`, /alias/],
  ])('in a line that is not YAML (%s); the error names the line', async (_, yaml, where) => {
    const faults = await faultsOf(await file(yaml));
    expect(faults.join('\n')).not.toContain(SHORT);
    expect(faults.join('\n')).toMatch(where);
  });
});
