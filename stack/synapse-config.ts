// Synapse's configuration for the demo and the tests.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Certificate } from './certificate.ts';
import type { Database } from './databases.ts';

/** How other homeservers on this machine reach this one, by TLS. */
export interface Federation {
  /** The one in the server name. */
  readonly port: number;
  /** Shared by all of them: each shows it, and trusts no other. */
  readonly certificate: Certificate;
}

/** What the configuration depends on. */
export interface SynapseConfigInput {
  readonly serverName: string;
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly database: Pick<Database, 'host' | 'port' | 'name' | 'user' | 'password'>;
  readonly registrationSharedSecret: string;
  readonly registrationPaths: readonly string[];
  readonly federation?: Federation | undefined;
}

/** The content of `homeserver.yaml`. */
export function synapseConfig(input: SynapseConfigInput): Record<string, unknown> {
  return {
    server_name: input.serverName,
    public_baseurl: input.url,
    pid_file: join(input.folder, 'homeserver.pid'),
    log_config: join(input.folder, 'log.yaml'),
    signing_key_path: join(input.folder, 'signing.key'),
    media_store_path: join(input.folder, 'media'),
    listeners: [
      {
        port: input.port,
        type: 'http',
        bind_addresses: ['127.0.0.1'],
        resources: [{ names: ['client', 'federation', 'media'] }],
      },
      ...(input.federation ? [federationListener(input.federation)] : []),
    ],
    ...(input.federation && federationSection(input.federation)),
    database: databaseSection(input.database),
    app_service_config_files: input.registrationPaths,
    registration_shared_secret: input.registrationSharedSecret,
    macaroon_secret_key: randomBytes(24).toString('hex'),
    form_secret: randomBytes(24).toString('hex'),
    report_stats: false,
    bcrypt_rounds: 4, // passwords of an hour; the usual 12 rounds take a fifth of a second for each person
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    presence: { enabled: false },
    url_preview_enabled: false,
    ...unlimitedRates(),
  };
}

/** Synapse's logging: one stream, which the guard writes to the log file. */
export function synapseLogConfig({
  logLevel = 'WARNING',
  accessLog = false,
}: {
  readonly logLevel?: string;
  readonly accessLog?: boolean;
}): Record<string, unknown> {
  return {
    version: 1,
    formatters: { plain: { format: '%(asctime)s %(levelname)s %(name)s [%(request)s] %(message)s' } },
    handlers: { console: { class: 'logging.StreamHandler', formatter: 'plain' } },
    loggers: {
      'synapse.storage.SQL': { level: 'WARNING' },
      ...(accessLog && { 'synapse.access': { level: 'INFO' } }),
    },
    root: { level: logLevel, handlers: ['console'] },
    disable_existing_loggers: false,
  };
}

/** A signing key as Synapse's `--generate-keys` writes it. */
export function signingKey(): string {
  return `ed25519 a_fmb0 ${randomBytes(32).toString('base64').replace(/=+$/, '')}\n`;
}

function federationListener({ port }: Federation): Record<string, unknown> {
  return {
    ...{ port, type: 'http', tls: true, bind_addresses: ['127.0.0.1'] },
    resources: [{ names: ['federation'] }],
  };
}

/** Homeservers on loopback addresses, which Synapse would not talk to by default. */
function federationSection({ certificate }: Federation): Record<string, unknown> {
  return {
    tls_certificate_path: certificate.certificatePath,
    tls_private_key_path: certificate.keyPath,
    federation_custom_ca_list: [certificate.certificatePath],
    ip_range_blacklist: [],
    federation_ip_range_blacklist: [],
    // A homeserver on this machine that does not answer is not there; three more attempts would take 3.5 s for each request.
    federation: { max_short_retry_delay: 200 },
  };
}

function databaseSection(database: SynapseConfigInput['database']): Record<string, unknown> {
  return {
    name: 'psycopg2',
    args: {
      host: database.host,
      port: database.port,
      dbname: database.name,
      user: database.user,
      password: database.password,
      cp_min: 5,
      cp_max: 10,
    },
  };
}

/** Human test users act faster than any human. */
function unlimitedRates(): Record<string, unknown> {
  const free = { per_second: 10_000, burst_count: 10_000 };
  return {
    rc_message: free,
    rc_registration: free,
    rc_login: { address: free, account: free, failed_attempts: free },
    rc_joins: { local: free, remote: free },
    rc_joins_per_room: free,
    rc_invites: { per_room: free, per_user: free, per_issuer: free },
    rc_room_creation: free,
    rc_admin_redaction: free,
    rc_media_create: free,
    rc_user_directory: free,
    rc_federation: {
      window_size: 1000,
      sleep_limit: 10_000,
      sleep_delay: 0,
      reject_limit: 10_000,
      concurrent: 100,
    },
  };
}
