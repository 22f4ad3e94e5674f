// `init`: generates the secrets of a deployment once, and the files that hold them.
//
// There is one folder for each reader (bridge, postgres, synapse, hapi), so that each can mount only its own. A primary file
// holds one random value; a derived file holds such values in the form that its reader needs. An existing file is never
// overwritten. Files are 0600 and folders 0700. With `--shared`, folders are 0750 and the files for services with another uid
// are 0640: those services get our group. Only root could give them the files instead.
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { stringify } from 'yaml';
import { isThisMachine } from '../config/plain-http.ts';
import { DEFAULT_ALIASES } from '../config/rooms.ts';
import { withoutTrailing } from '../domain/trailing.ts';
import { registrationYaml } from '../matrix/registration.ts';
import { patternsOf } from './registration.ts';

/** The options of `init`. */
export interface InitOptions {
  readonly dir: string;
  readonly serverName: string;
  /** The URL at which the homeserver reaches the bridge. */
  readonly appserviceUrl: string;
  /** Host and port of PostgreSQL. */
  readonly postgres: string;
  /** Whether services with other uids read their files through our group. */
  readonly shared: boolean;
  /** With `fhirUrl`: also write `bridge/config.yaml`. */
  readonly homeserverUrl?: string;
  readonly fhirUrl?: string;
  /** The URL at which the FHIR server reaches the bridge. */
  readonly hookUrl: string;
}

/** A file that is written if it is missing. */
interface InitFile {
  /** Below the directory, such as `bridge/as_token`. */
  readonly path: string;
  readonly content: string;
  /** Whether another uid reads it. */
  readonly foreign: boolean;
  /** The secrets it holds. */
  readonly holds: readonly string[];
}

/** The result for a file. */
interface InitOutcome {
  readonly path: string;
  readonly outcome: 'written' | 'kept' | 'outdated';
}

/** A file that exists is not usable, and is not overwritten either. */
export class InitFileError extends Error {
  readonly code = 'init-file';
  constructor(path: string, fault: string) {
    super(
      `${path}: ${fault}. Nothing that exists is overwritten: restore it, or delete it to have it made anew.`,
    );
    this.name = 'InitFileError';
  }
}

/** The primary files. */
const SECRET_PATHS = [
  'bridge/as_token',
  'bridge/hs_token',
  'bridge/hook_secret',
  'bridge/pseudonymization_key',
  'bridge/identity_signing_key',
  'postgres/superuser_password',
  'postgres/synapse_password',
  'postgres/hapi_password',
  'postgres/bridge_password',
] as const;

type SecretPath = (typeof SECRET_PATHS)[number];
type Secrets = Readonly<Record<SecretPath, string>>;

/** The primary file that another uid reads. */
const FOREIGN_SECRET: SecretPath = 'postgres/superuser_password';
/** The length that the configuration demands of a secret. */
const LEAST_LENGTH = 16;
/** The configuration's default. */
const GHOST_PREFIX = '_fhir_';
const OWN_URL = 'http://localhost:3000';

/** The derived files. Their content depends only on the options and the secrets. */
function derivedFiles(options: InitOptions, secrets: Secrets): readonly InitFile[] {
  const { host, port } = postgresAddress(options.postgres);
  const { 'bridge/as_token': asToken, 'bridge/hs_token': hsToken } = secrets;
  const { 'postgres/superuser_password': superuser, 'postgres/synapse_password': synapse } = secrets;
  const { 'postgres/hapi_password': hapi, 'postgres/bridge_password': bridge } = secrets;
  const databaseUrl = `postgresql://bridge:${bridge}@${host}:${port}/bridge_db`;
  const synapseArgs = { user: 'synapse', password: synapse, dbname: 'synapse_db', host, port };
  return [
    { path: 'bridge/database_url', content: `${databaseUrl}\n`, foreign: false, holds: [bridge] },
    {
      path: 'postgres/pgpass', // libpq's password file: host:port:database:user:password
      content: `${host}:${port}:*:postgres:${superuser}\n`,
      foreign: false,
      holds: [superuser],
    },
    {
      path: 'synapse/database.yaml',
      content: [
        "# Synapse's database. Give this file to Synapse as its last --config-path.",
        stringify({ database: { name: 'psycopg2', args: { ...synapseArgs, cp_min: 2, cp_max: 10 } } }),
      ].join('\n'),
      foreign: true,
      holds: [synapse],
    },
    {
      path: 'synapse/registration.yaml',
      content: registrationYaml({
        ...{ ...options, asToken, hsToken, ghostPrefix: GHOST_PREFIX, receipts: true },
        aliasPatterns: patternsOf({ ghostPrefix: GHOST_PREFIX, ...DEFAULT_ALIASES }),
      }),
      foreign: true,
      holds: [asToken, hsToken],
    },
    // Spring Boot reads the folder as configtree: the name of a file is the name of a property.
    { path: 'hapi/spring.datasource.password', content: `${hapi}\n`, foreign: true, holds: [hapi] },
    ...configFile(options, secrets, databaseUrl),
  ];
}

function configFile(options: InitOptions, secrets: Secrets, databaseUrl: string): readonly InitFile[] {
  const { homeserverUrl, fhirUrl, serverName, appserviceUrl, hookUrl } = options;
  if (homeserverUrl === undefined || fhirUrl === undefined) return [];
  const { 'bridge/as_token': asToken, 'bridge/hs_token': hsToken } = secrets;
  const { 'bridge/hook_secret': hookSecret, 'bridge/pseudonymization_key': pseudonymizationKey } = secrets;
  const plainHttpHosts = plainHttpHostsOf([homeserverUrl, fhirUrl, appserviceUrl, hookUrl]);
  const config = {
    database: { url: databaseUrl },
    ...(plainHttpHosts.length > 0 && { network: { plainHttpHosts } }),
    matrix: { homeserverUrl, serverName, appserviceUrl, asToken, hsToken },
    fhir: { baseUrl: fhirUrl, hookUrl, hookSecret },
    people: { pseudonymizationKey },
    // Off, but complete when `enabled` is added.
    identity: { signingKey: secrets['bridge/identity_signing_key'] },
  };
  return [
    {
      path: 'bridge/config.yaml',
      content: `# Holds secrets. Every key: docs/reference/configuration.md\n${stringify(config)}`,
      foreign: false,
      // Without the signing key: older files do not have it and are complete.
      holds: [databaseUrl, asToken, hsToken, hookSecret, pseudonymizationKey],
    },
  ];
}

/** Who gives a URL by plain http to another machine vouches for the network in between; the file says so. */
function plainHttpHostsOf(urls: readonly string[]): readonly string[] {
  const hosts = urls.map((url) => new URL(url)).filter(({ protocol }) => protocol === 'http:');
  return [...new Set(hosts.map(({ hostname }) => hostname))].filter((host) => !isThisMachine(host));
}

function postgresAddress(address: string): { host: string; port: number } {
  const [, host, port] = /^([^:/@\s]+)(?::(\d{1,5}))?$/.exec(address) ?? [];
  if (host === undefined) throw new InvalidArgumentError('expected HOST or HOST:PORT.');
  return { host, port: Number(port ?? 5432) };
}

/**
 * Writes what is missing below `options.dir`.
 * @param random makes one new secret: 32 random bytes in base64url, safe in URLs and in YAML
 * @returns the result for each file; an `outdated` file exists but lacks a secret that it should hold
 * @throws InitFileError when a secret's file exists and holds no usable secret
 */
export async function init(options: InitOptions, random: () => string): Promise<readonly InitOutcome[]> {
  const outcomes: InitOutcome[] = [];
  const values = new Map<SecretPath, string>();
  for (const path of SECRET_PATHS) {
    const file = { path, foreign: path === FOREIGN_SECRET, content: `${random()}\n` };
    const written = await writeOnce(options, file);
    const value = (await readFile(join(options.dir, path), 'utf8')).trim();
    if (value.length < LEAST_LENGTH) {
      throw new InitFileError(path, `expected a secret of at least ${LEAST_LENGTH} characters`);
    }
    values.set(path, value);
    outcomes.push({ path, outcome: written ? 'written' : 'kept' });
  }
  const secrets = Object.fromEntries(values) as Secrets;
  for (const file of derivedFiles(options, secrets)) {
    const outcome = (await writeOnce(options, file)) ? 'written' : await stateOf(options.dir, file);
    outcomes.push({ path: file.path, outcome });
  }
  return outcomes;
}

async function stateOf(dir: string, { path, holds }: InitFile): Promise<'kept' | 'outdated'> {
  const content = await readFile(join(dir, path), 'utf8');
  return holds.every((secret) => content.includes(secret)) ? 'kept' : 'outdated';
}

/** Writes the file unless it exists. It appears with its whole content or not at all, also if another process writes it. */
async function writeOnce(
  { dir, shared }: InitOptions,
  file: Pick<InitFile, 'path' | 'content' | 'foreign'>,
): Promise<boolean> {
  const path = join(dir, file.path);
  await mkdir(join(path, '..'), { recursive: true, mode: shared ? 0o750 : 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeFile(draft, file.content, { mode: 0o600, flag: 'wx' });
    await chmod(draft, shared && file.foreign ? 0o640 : 0o600);
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** What the command prints: no secret, only paths. */
export function initReport(dir: string, outcomes: readonly InitOutcome[]): string {
  const lines = outcomes.map(({ path, outcome }) => `${outcome.padEnd(8)}  ${join(dir, path)}`);
  const outdated = outcomes.filter(({ outcome }) => outcome === 'outdated');
  const hint =
    'Outdated files lack a secret that stands in another file here. Delete them, and init writes them anew.';
  return [...lines, ...(outdated.length > 0 ? [hint] : []), ''].join('\n');
}

function serverName(value: string): string {
  if (/^[A-Za-z0-9.\-:[\]]+$/.test(value)) return value;
  throw new InvalidArgumentError('expected a Matrix server name such as example.org or example.org:8448.');
}

function httpUrl(value: string): string {
  if (/^https?:$/.test(URL.parse(value)?.protocol ?? '')) return withoutTrailing(value, '/');
  throw new InvalidArgumentError('expected an http or https URL.');
}

function address(value: string): string {
  postgresAddress(value);
  return value;
}

/** The command `init`. */
export function initCommand(): Command {
  return new Command('init')
    .description('Make the secrets of a deployment once: tokens, passwords, and the files that carry them')
    .requiredOption('--dir <folder>', 'where to write; one folder for each reader is made in it')
    .requiredOption('--server-name <name>', 'the homeserver’s name, which ends its users’ ids', serverName)
    .option('--appservice-url <url>', 'where the homeserver reaches the bridge', httpUrl, OWN_URL)
    .option('--hook-url <url>', 'where the FHIR server reaches the bridge', httpUrl, OWN_URL)
    .option('--postgres <host:port>', 'PostgreSQL', address, 'localhost:5432')
    .option('--homeserver-url <url>', 'the homeserver; with --fhir-url, config.yaml is written too', httpUrl)
    .option('--fhir-url <url>', 'the FHIR server’s base URL', httpUrl)
    .option('--shared', 'let services with other uids read their files through the group', false)
    .action(async (options: InitOptions, command: Command) => {
      const outcomes = await init(options, () => randomBytes(32).toString('base64url')).catch(
        (error: unknown) => command.error(operatorFault(error)),
      );
      process.stdout.write(initReport(options.dir, outcomes));
      if (outcomes.some(({ outcome }) => outcome === 'outdated')) process.exitCode = 1;
    });
}

/** The text of an error that the operator can correct; others are thrown again. */
function operatorFault(error: unknown): string {
  if (error instanceof InitFileError) return error.message;
  if (error instanceof Error && 'syscall' in error) return `Cannot write the files: ${error.message}`;
  throw error;
}
