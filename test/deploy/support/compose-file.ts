// The Compose file as data, and what its service `secrets` makes.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { init } from '../../../src/cli/init.ts';
import { loadConfig } from '../../../src/config/load.ts';

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The text of `docker-compose.yml`. */
export const text = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8');

/** A service, as far as the tests ask. */
export interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly healthcheck?: { test: readonly string[] };
  readonly restart?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly stop_grace_period?: string;
  readonly privileged?: boolean;
}

interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** The file. */
export const compose = parse(text, { merge: true }) as Compose;
/** Its services with their names. */
export const services = Object.entries(compose.services);
/** The service of this name. */
export const service = (name: string): Service => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};
/** What stands before and after the colons of a short volume: source, target, mode. */
export const mounts = ({
  volumes = [],
}: Service): { source: string; target: string; mode: string | undefined }[] =>
  volumes.map((volume) => {
    const [source = '', target = '', mode] = volume.split(':');
    return { source, target, mode };
  });
/** `${NAME:-value}` → `value`. */
export const defaults = (value: string): string => value.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');

/** What `init` makes with the options of the service `secrets`. */
export async function initFolder<T = undefined>(
  use?: (dir: string) => Promise<T>,
): Promise<{ files: string[]; used?: T }> {
  const dir = await mkdtemp(join(tmpdir(), 'compose-test-'));
  try {
    const given = (name: string): string =>
      defaults(service('secrets').command?.find((part) => part.startsWith(`--${name}=`)) ?? '').replace(
        /^[^=]*=/,
        '',
      );
    await init(
      {
        dir,
        serverName: given('server-name'),
        appserviceUrl: given('appservice-url'),
        hookUrl: '',
        postgres: given('postgres'),
        shared: true,
      },
      () => 'a-secret-of-a-test'.padEnd(43, 'x'), // 32 bytes in base64url
    );
    const files = await readdir(dir, { recursive: true });
    return use === undefined ? { files } : { files, used: await use(dir) };
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** The configuration that the bridge reads in its container. */
export async function bridgeConfig(): ReturnType<typeof loadConfig> {
  const { used } = await initFolder((dir) => {
    const environment = Object.entries(service('bridge').environment ?? {}).map(([name, value]) => [
      name,
      defaults(value).replace('/run/secrets/', `${dir}/bridge/`),
    ]);
    return loadConfig(undefined, Object.fromEntries(environment) as Record<string, string>);
  });
  if (used === undefined) throw new Error('no configuration');
  return used;
}
