// `init` makes every secret once: a second run changes nothing, and each reader gets no more than its own.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { init, InitFileError, initCommand, initReport, type InitOptions } from '../../src/cli/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readSigningKey } from '../../src/identity/service-api/canonical-json.ts';

let dir: string;
let made = 0;
/** As long as 32 bytes in base64url. */
const random = (): string => `secret-number-${String((made += 1)).padStart(29, '0')}`;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'init-test-'));
});
afterEach(() => rm(dir, { recursive: true }));

const options = (more: Partial<InitOptions> = {}): InitOptions => ({
  dir,
  serverName: 'example.org',
  appserviceUrl: 'http://bridge:3000',
  hookUrl: 'http://bridge:3000',
  postgres: 'postgres:5432',
  shared: false,
  ...more,
});

/** Every file below the directory: its mode and its content. */
async function snapshot(): Promise<Record<string, { mode: string; content: string }>> {
  const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const entries = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    const { mode } = await stat(path);
    return [
      path.slice(dir.length + 1),
      { mode: (mode & 0o777).toString(8), content: await readFile(path, 'utf8') },
    ] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

const modes = async (): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(await snapshot()).map(([path, { mode }]) => [path, mode]));

describe('init', () => {
  test('makes every file for its owner alone, and no two secrets alike', async () => {
    const outcomes = await init(options(), random);

    expect(outcomes.every(({ outcome }) => outcome === 'written')).toBe(true);
    expect(new Set(Object.values(await modes()))).toEqual(new Set(['600']));
    expect((await stat(join(dir, 'bridge'))).mode & 0o777).toBe(0o700);
    const secrets = Object.values(await snapshot()).filter(({ content }) =>
      /^secret-number-\d+\n$/.test(content),
    );
    expect(new Set(secrets.map(({ content }) => content)).size).toBe(9); // the tenth is HAPI's copy of its own
  });

  test('shared: the files of other services are readable through the group, no other file is', async () => {
    await init(options({ shared: true }), random);

    expect(await modes()).toEqual({
      'bridge/as_token': '600',
      'bridge/hs_token': '600',
      'bridge/hook_secret': '600',
      'bridge/pseudonymization_key': '600',
      'bridge/identity_signing_key': '600',
      'bridge/database_url': '600',
      'postgres/superuser_password': '640',
      'postgres/synapse_password': '600',
      'postgres/hapi_password': '600',
      'postgres/bridge_password': '600',
      'postgres/pgpass': '600',
      'synapse/database.yaml': '640',
      'synapse/registration.yaml': '640',
      'hapi/spring.datasource.password': '640',
    });
    expect((await stat(join(dir, 'synapse'))).mode & 0o777).toBe(0o750);
  });

  test('a umask that closes everything changes no mode', async () => {
    const old = process.umask(0o077);
    try {
      await init(options({ shared: true }), random);
    } finally {
      process.umask(old);
    }
    expect((await modes())['synapse/registration.yaml']).toBe('640');
  });

  test('a second run, with other options and other random numbers, changes nothing', async () => {
    await init(options({ shared: true }), random);
    const before = await snapshot();

    const outcomes = await init(options({ serverName: 'other.example', postgres: 'elsewhere' }), random);

    expect(outcomes.every(({ outcome }) => outcome === 'kept')).toBe(true);
    expect(await snapshot()).toEqual(before);
  });

  test('two at once agree on one set of secrets, and leave no draft behind', async () => {
    await Promise.all([init(options(), random), init(options(), random)]);

    const files = await snapshot();
    expect(Object.keys(files)).toHaveLength(14);
    const password = files['postgres/bridge_password']?.content.trim() ?? '';
    expect(files['bridge/database_url']?.content).toBe(
      `postgresql://bridge:${password}@postgres:5432/bridge_db\n`,
    );
  });

  test('the files of the other services hold what those expect', async () => {
    await init(options({ postgres: 'db.internal' }), random);

    const files = await snapshot();
    const secret = (path: string): string | undefined => files[path]?.content.trim();
    expect(parse(files['synapse/database.yaml']?.content ?? '')).toEqual({
      database: {
        name: 'psycopg2',
        args: {
          user: 'synapse',
          password: secret('postgres/synapse_password'),
          dbname: 'synapse_db',
          host: 'db.internal',
          port: 5432,
          cp_min: 2,
          cp_max: 10,
        },
      },
    });
    expect(parse(files['synapse/registration.yaml']?.content ?? '')).toMatchObject({
      url: 'http://bridge:3000',
      as_token: secret('bridge/as_token'),
      hs_token: secret('bridge/hs_token'),
      namespaces: { users: [{ exclusive: true, regex: '@_fhir_.*:example\\.org$' }] },
    });
    expect(secret('postgres/pgpass')).toBe(
      `db.internal:5432:*:postgres:${secret('postgres/superuser_password') ?? ''}`,
    );
    expect(secret('hapi/spring.datasource.password')).toBe(secret('postgres/hapi_password'));
  });

  test('with the two servers’ URLs it also writes a configuration that the bridge accepts', async () => {
    await init(
      options({ homeserverUrl: 'http://localhost:8008', fhirUrl: 'http://localhost:8080/fhir' }),
      random,
    );

    const config = await loadConfig(join(dir, 'bridge/config.yaml'), {});
    expect(config.matrix).toMatchObject({
      serverName: 'example.org',
      homeserverUrl: 'http://localhost:8008',
    });
    expect((await modes())['bridge/config.yaml']).toBe('600');
  });

  test('the identity server works with it as soon as it is switched on', async () => {
    const servers = { homeserverUrl: 'http://localhost:8008', fhirUrl: 'http://localhost:8080/fhir' };
    await init(options(servers), random);
    const file = join(dir, 'bridge/config.yaml');
    const key = (await readFile(join(dir, 'bridge/identity_signing_key'), 'utf8')).trim();

    expect((await loadConfig(file, {})).identity).toMatchObject({ enabled: false, signingKey: key });
    const { identity } = await loadConfig(file, { BRIDGE_IDENTITY_ENABLED: 'true' });
    expect(identity.enabled).toBe(true);
    expect(readSigningKey(key).id).toMatch(/^ed25519:/);
  });

  test('a configuration from before there was a signing key is not outdated', async () => {
    const servers = { homeserverUrl: 'http://localhost:8008', fhirUrl: 'http://localhost:8080/fhir' };
    await init(options(servers), random);
    await rm(join(dir, 'bridge/identity_signing_key'));

    const outcomes = await init(options(servers), random);

    expect(outcomes.filter(({ outcome }) => outcome !== 'kept')).toEqual([
      { path: 'bridge/identity_signing_key', outcome: 'written' },
    ]);
  });

  test('a file that lacks a secret of another is reported, and kept', async () => {
    await init(options(), random);
    const before = await snapshot();
    await rm(join(dir, 'bridge/as_token'));

    const outcomes = await init(options(), random);

    expect(outcomes.filter(({ outcome }) => outcome !== 'kept')).toEqual([
      { path: 'bridge/as_token', outcome: 'written' },
      { path: 'synapse/registration.yaml', outcome: 'outdated' },
    ]);
    expect((await snapshot())['synapse/registration.yaml']).toEqual(before['synapse/registration.yaml']);
  });

  test('an empty file of a secret is refused by name', async () => {
    await init(options(), random);
    await writeFile(join(dir, 'bridge/hs_token'), '\n');

    const second = init(options(), random);
    await expect(second).rejects.toThrow(InitFileError);
    await expect(second).rejects.toThrow('bridge/hs_token');
  });

  test('the report names every file and no secret', async () => {
    const report = initReport('/secrets', await init(options(), random));

    expect(report).toContain('written   /secrets/synapse/registration.yaml');
    expect(report).not.toContain('secret-number');
  });
});

describe('the command', () => {
  const run = (...args: string[]): Promise<unknown> =>
    initCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .parseAsync(args, { from: 'user' });

  test.each([
    ['a server name with a space', ['--dir', '/nowhere', '--server-name', 'a b']],
    ['a URL that is none', ['--dir', '/nowhere', '--server-name', 'a', '--appservice-url', 'bridge:3000']],
    [
      'a database address with a password',
      ['--dir', '/nowhere', '--server-name', 'a', '--postgres', 'u:p@host'],
    ],
    ['no server name', ['--dir', '/nowhere']],
  ])('refuses %s', async (_what, args) => {
    await expect(run(...args)).rejects.toThrow();
  });

  test('says in a line which folder cannot be made', async () => {
    const file = join(dir, 'a-file');
    await writeFile(file, '');
    await expect(run('--dir', file, '--server-name', 'a')).rejects.toThrow(
      /^Cannot write the files: ENOTDIR.*a-file/,
    );
  });
});
