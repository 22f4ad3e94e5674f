// What the Compose stack does with secrets, settings and databases fits what `init` writes and the bridge reads.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configKeys } from '../../src/config/keys.ts';
import { bridgeConfig, initFolder, mounts, ROOT, service, services } from './support/compose-file.ts';

describe('secrets', () => {
  test('none stands in the file', () => {
    for (const [, { environment = {}, command = [] }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASS(?!FILE)|SECRET|TOKEN|KEY|DATABASE_URL/.test(name)) expect(name).toMatch(/_FILE$/);
        expect(value).not.toMatch(/:\/\/[^/]*:[^/]*@/);
      }
      expect(command.join(' ')).not.toMatch(/password|token/i);
    }
  });

  test('each reader mounts its own alone, read-only', () => {
    const readers = services
      .filter(([name]) => name !== 'secrets')
      .flatMap(([name, it]) =>
        mounts(it)
          .filter(({ source }) => source.endsWith('-secrets'))
          .map(({ source, target, mode }) => [name, source, target, mode]),
      );
    expect(readers).toEqual([
      ['postgres', 'postgres-secrets', '/run/secrets', 'ro'],
      ['db-init', 'postgres-secrets', '/run/secrets', 'ro'],
      ['synapse', 'synapse-secrets', '/run/secrets', 'ro'],
      ['hapi', 'hapi-secrets', '/run/secrets', 'ro'],
      ['bridge', 'bridge-secrets', '/run/secrets', 'ro'],
    ]);
  });

  test('every file that a service reads is one that `init` writes for it', async () => {
    const { files } = await initFolder();
    const wanted = services.flatMap(([name, it]) => {
      const folder = mounts(it)
        .find(({ target }) => target === '/run/secrets')
        ?.source.replace('-secrets', '');
      const strings = [...Object.values(it.environment ?? {}), ...(it.command ?? [])];
      const paths = strings.flatMap((value) =>
        [...value.matchAll(/\/run\/secrets\/([\w.]+)/g)].map(([, path]) => path),
      );
      return paths.map((path) => `${folder ?? name}/${path ?? ''}`);
    });
    expect(wanted).toContain('bridge/as_token');
    expect(wanted).toContain('synapse/database.yaml');
    for (const path of wanted) expect(files).toContain(path);
    expect(files).toContain('hapi/spring.datasource.password');
    expect(service('hapi').environment?.['SPRING_CONFIG_IMPORT']).toBe('configtree:/run/secrets/');
  });
});

describe('the bridge', () => {
  test('has a complete configuration', async () => {
    const config = await bridgeConfig();
    expect(config.matrix.homeserverUrl).toBe('http://synapse:8008');
    expect(config.fhir.baseUrl).toBe('http://hapi:8080/fhir');
    expect(config.matrix.appserviceUrl).toBe(`http://bridge:${config.listen.port}`);
    expect(config.fhir.hookUrl).toBe(`http://bridge:${config.listen.port}`);
    expect(config.database.url).toMatch(/^postgresql:\/\/bridge:[^@]+@postgres:5432\/bridge_db$/);
  });

  test('is given no variable that it does not know', () => {
    const known = new Set(configKeys().flatMap(({ env }) => env.flatMap((name) => [name, `${name}_FILE`])));
    for (const name of Object.keys(service('bridge').environment ?? {})) expect(known).toContain(name);
  });

  test('the registration names the URL under which Synapse finds it', () => {
    expect(service('secrets').command).toContain('--appservice-url=http://bridge:3000');
  });
});

describe('databases', () => {
  test('one role and one database for each service, owned by it and closed to the others', async () => {
    const folder = join(ROOT, 'deploy/compose/postgres');
    const list = await readFile(join(folder, 'databases.sql'), 'utf8');
    const one = await readFile(join(folder, 'one-database.sql'), 'utf8');
    const pairs = [
      ...list.matchAll(/\\set role (\w+)\n\\set database (\w+)\n\\set password `cat ([\w/]+)`\n/g),
    ];
    expect(pairs.map(([, role, database, file]) => [role, database, file])).toEqual([
      ['synapse', 'synapse_db', '/run/secrets/synapse_password'],
      ['hapi', 'fhir_db', '/run/secrets/hapi_password'],
      ['bridge', 'bridge_db', '/run/secrets/bridge_password'],
    ]);
    expect(one).toContain("ENCODING ''UTF8'' LOCALE ''C'' TEMPLATE template0");
    expect(one).toContain('REVOKE CONNECT ON DATABASE :"database" FROM PUBLIC');
    expect(one).toContain('NOSUPERUSER NOCREATEDB NOCREATEROLE');
    expect(list).toContain('REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC');
  });

  test('each service uses its own', () => {
    expect(service('hapi').environment).toMatchObject({
      SPRING_DATASOURCE_URL: 'jdbc:postgresql://postgres:5432/fhir_db',
      SPRING_DATASOURCE_USERNAME: 'hapi',
      HAPI_FHIR_SUBSCRIPTION_RESTHOOK_ENABLED: 'true',
    });
  });
});

describe('Synapse’s overlay', () => {
  test('names the registration that `init` writes, and leaves the database to `init`', async () => {
    const overlay = parse(
      await readFile(join(ROOT, 'deploy/compose/synapse/overlay.yaml'), 'utf8'),
    ) as object;
    expect(overlay).toMatchObject({ app_service_config_files: ['/run/secrets/registration.yaml'] });
    expect(overlay).not.toHaveProperty('database');
    expect((await initFolder()).files).toContain('synapse/registration.yaml');
  });
});
