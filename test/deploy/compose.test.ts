// The Compose file: valid, complete, and without the faults of the public deployment guides.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  bridgeConfig,
  compose,
  defaults,
  mounts,
  ROOT,
  service,
  services,
  text,
} from './support/compose-file.ts';

const ONE_SHOTS = ['secrets', 'db-init', 'synapse-init'];
const LONG_RUNNING = ['postgres', 'synapse', 'hapi', 'bridge'];
const OURS = ['secrets', 'bridge'];

describe('the file', () => {
  test('follows the Compose schema and dclint’s rules, order apart', async () => {
    const dclint = join(ROOT, 'node_modules/dclint/bin/dclint.cjs');
    const config = join(ROOT, 'deploy/compose/dclint.json');
    const args = [dclint, '--config', config, '--formatter', 'json', 'docker-compose.yml'];
    const run = promisify(execFile)(process.execPath, args, { cwd: ROOT });
    const { stdout } = await run.catch((error: unknown) => error as { stdout: string }); // it fails with its findings
    const results = JSON.parse(stdout) as { filePath: string; messages: unknown[] }[];
    expect(results).toHaveLength(1);
    expect(results[0]?.messages).toEqual([]);
  }, 30_000);

  test('has a name, and no version', () => {
    expect(compose.name).toBe('fhir-matrix-bridge');
    expect(text).not.toMatch(/^version:/m);
  });

  test('has the services that it should', () => {
    expect(Object.keys(compose.services).sort()).toEqual([...ONE_SHOTS, ...LONG_RUNNING].sort());
  });

  test('names only services, networks, volumes and files that exist', async () => {
    for (const [, it] of services) {
      for (const other of Object.keys(it.depends_on ?? {})) expect(compose.services).toHaveProperty([other]);
      for (const network of it.networks ?? []) expect(compose.networks).toHaveProperty([network]);
      for (const { source } of mounts(it)) {
        if (source.startsWith('.'))
          await readdir(join(ROOT, source)).catch(() => readFile(join(ROOT, source)));
        else expect(compose.volumes).toHaveProperty([source]);
      }
    }
  });
});

describe('start order', () => {
  test('one-shots are waited for until they are done, the others until they are healthy', () => {
    for (const [name, it] of services) {
      for (const [other, { condition }] of Object.entries(it.depends_on ?? {})) {
        const expected = ONE_SHOTS.includes(other) ? 'service_completed_successfully' : 'service_healthy';
        expect([name, other, condition]).toEqual([name, other, expected]);
      }
    }
  });

  test('goes in no circle', () => {
    const visit = (name: string, path: readonly string[]): void => {
      expect(path).not.toContain(name);
      for (const other of Object.keys(service(name).depends_on ?? {})) visit(other, [...path, name]);
    };
    for (const [name] of services) visit(name, []);
  });

  test('whoever reads secrets waits for them to be made', () => {
    for (const [name, it] of services) {
      if (name === 'secrets' || !mounts(it).some(({ source }) => source.endsWith('-secrets'))) continue;
      expect(it.depends_on).toHaveProperty('secrets');
    }
  });

  test('Synapse gets its configuration generated first, and ours over it', () => {
    expect(service('synapse-init').command).toEqual(['generate']);
    expect(service('synapse').depends_on).toHaveProperty('synapse-init');
    expect(service('synapse').command).toEqual([
      'run',
      '--config-path=/data/homeserver.yaml',
      '--config-path=/config/overlay.yaml',
      '--config-path=/run/secrets/database.yaml',
    ]);
  });

  test.each(LONG_RUNNING)('%s has a health check in exec form, and restarts', (name) => {
    expect(service(name).healthcheck?.test[0]).toBe('CMD');
    expect(service(name).restart).toBe('unless-stopped');
  });

  test.each(ONE_SHOTS)('%s does not restart', (name) => {
    expect(service(name).restart).toBeUndefined();
  });

  test('HAPI’s check needs no shell: its image has none', () => {
    expect(service('hapi').healthcheck?.test).toEqual([
      'CMD',
      'java',
      '-Xmx32m',
      '-cp',
      '/app',
      'HealthCheck',
    ]);
  });
});

describe('ports and networks', () => {
  const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => defaults(port)));

  test('the guides’ ports, each once, on the loopback address only', () => {
    expect(published.toSorted()).toEqual([
      '127.0.0.1:3000:3000',
      '127.0.0.1:3001:3001',
      '127.0.0.1:8008:8008',
      '127.0.0.1:8080:8080',
    ]);
  });

  test('the internal network reaches nothing outside, and PostgreSQL is on no other', () => {
    expect(compose.networks['internal']?.internal).toBe(true);
    expect(service('postgres').networks).toEqual(['internal']);
    expect(service('db-init').networks).toEqual(['internal']);
  });

  test('what needs no network has none', () => {
    expect(service('secrets').network_mode).toBe('none');
    expect(service('synapse-init').network_mode).toBe('none');
  });
});

describe('images', () => {
  test.each(services)('%s is pinned by tag and can be overridden', (_name, { image }) => {
    expect(image).toMatch(/^\$\{[A-Z]+_IMAGE:-[^}]+:[^}:]+\}$/);
    expect(image).not.toMatch(/latest|:\d+\}$/);
  });

  test('PostgreSQL is 15, Synapse is the version that the tests run', async () => {
    expect(service('postgres').image).toMatch(/postgres:15\./);
    const requirements = await readFile(join(ROOT, 'stack/synapse-requirements.txt'), 'utf8');
    const version = /^matrix-synapse==(.+)$/m.exec(requirements)?.[1] ?? 'none';
    expect(service('synapse').image).toContain(`:v${version}}`);
  });

  test('our own image has the version of the package', async () => {
    const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(service('bridge').image).toBe(`\${BRIDGE_IMAGE:-fhir-matrix-bridge:${manifest.version}}`);
  });
});

describe('rights', () => {
  test.each(services)('%s has no capability it does not need and can gain none', (name, it) => {
    expect(it.cap_drop).toEqual(['ALL']);
    expect(it.security_opt).toEqual(['no-new-privileges:true']);
    expect(it.privileged).toBeUndefined();
    if (name === 'synapse-init') return; // root, to give /data away
    expect(it.cap_add).toBeUndefined();
    expect(it.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  test.each(OURS)('%s has a read-only root file system', (name) => {
    expect(service(name).read_only).toBe(true);
  });

  test('the bridge may write to /tmp and is given time to drain', async () => {
    const { tmpfs, stop_grace_period: grace } = service('bridge');
    expect(tmpfs).toEqual([expect.stringMatching(/^\/tmp:/)]);
    const { shutdown } = await bridgeConfig();
    expect(Number.parseInt(grace ?? '', 10)).toBeGreaterThan(
      (shutdown.drainMs + shutdown.graceMs) / 1000 + 5,
    );
  });
});
