// Synapse for the demo and the tests: writes its configuration and starts it; registers human users.
import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Database } from './databases.ts';
import { StackServiceError } from './errors.ts';
import type { Guard } from './guard.ts';
import { reservePort } from './ports.ts';
import { startService, type Service } from './service.ts';
import { signingKey, synapseConfig, synapseLogConfig, type Federation } from './synapse-config.ts';
import { answersOk } from './wait.ts';

/** How to start Synapse. */
export interface SynapseOptions {
  readonly guard: Guard;
  /** A folder of its own, made if it is not there. */
  readonly folder: string;
  /** File that receives what Synapse logs. */
  readonly log: string;
  /** The Python of its virtual environment, from `findSynapse`. */
  readonly python: string;
  readonly database: Database;
  /** A free one unless told. */
  readonly port?: number;
  /** `localhost:<port>` unless told, with the port of the federation if there is one. */
  readonly serverName?: string | undefined;
  /** Appservice registrations: the content of one, or the path of a file. */
  readonly registrations?: readonly (string | Readonly<Record<string, unknown>>)[];
  /** Replaces top-level keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** WARNING unless told. */
  readonly logLevel?: 'DEBUG' | 'INFO' | 'WARNING';
  /** True: the log gets a line for each request too. */
  readonly accessLog?: boolean;
  /** Where other homeservers on this machine reach it, under a certificate that they share. */
  readonly federation?: Federation;
}

/** A running Synapse. */
export interface Synapse {
  readonly url: string;
  readonly serverName: string;
  readonly registrationSharedSecret: string;
  /** Where the registrations are, in their order; a changed one counts after a restart. */
  readonly registrationPaths: readonly string[];
  /** Its own, for those who want to see what it keeps. */
  readonly database: Database;
  readonly service: Service;
}

/** A human user with a session. */
export interface HumanUser {
  readonly userId: string;
  readonly accessToken: string;
  readonly deviceId: string;
  readonly password: string;
}

/** Starts Synapse and waits until it answers. */
export async function startSynapse(options: SynapseOptions): Promise<Synapse> {
  const { guard, folder, log, python, federation } = options;
  const port = options.port ?? (await reservePort());
  const serverName = options.serverName ?? `localhost:${federation?.port ?? port}`;
  const url = `http://127.0.0.1:${port}`;
  const registrationSharedSecret = randomBytes(24).toString('hex');
  await mkdir(folder, { recursive: true });
  const registrationPaths = await writeRegistrations(folder, options.registrations ?? []);
  const config = synapseConfig({
    ...{ serverName, port, url, folder, registrationSharedSecret, registrationPaths },
    ...{ database: options.database, federation },
  });
  const configPath = join(folder, 'homeserver.yaml');
  await writeFile(configPath, stringify({ ...config, ...options.config }), { mode: 0o600 });
  await writeFile(join(folder, 'log.yaml'), stringify(synapseLogConfig(options)));
  await writeFile(join(folder, 'signing.key'), signingKey(), { mode: 0o600 });

  const service = await startService({
    guard,
    name: 'Synapse',
    command: {
      command: python,
      args: ['-m', 'synapse.app.homeserver', '-c', configPath],
      cwd: folder,
      // What it trusts where it is no homeserver that it talks to: an identity server with the same certificate.
      ...(federation && { env: { SSL_CERT_FILE: federation.certificate.certificatePath } }),
      log,
      graceMs: 10_000,
    },
    ready: () => answersOk(`${url}/health`),
    timeoutMs: 120_000,
  });
  return {
    ...{ url, serverName, registrationSharedSecret, registrationPaths },
    ...{ database: options.database, service },
  };
}

async function writeRegistrations(
  folder: string,
  registrations: NonNullable<SynapseOptions['registrations']>,
): Promise<string[]> {
  const paths: string[] = [];
  for (const registration of registrations) {
    if (typeof registration === 'string') {
      paths.push(registration);
      continue;
    }
    const path = join(folder, `appservice-${paths.length + 1}.yaml`);
    await writeFile(path, stringify(registration), { mode: 0o600 });
    paths.push(path);
  }
  return paths;
}

/** Registers a human user, who is logged in at once. The password is made up unless told. */
export async function registerUser(
  { url, registrationSharedSecret }: Pick<Synapse, 'url' | 'registrationSharedSecret'>,
  user: {
    readonly localpart: string;
    readonly password?: string;
    readonly displayName?: string;
    readonly admin?: boolean;
  },
): Promise<HumanUser> {
  const endpoint = `${url}/_synapse/admin/v1/register`;
  const { localpart, password = randomBytes(12).toString('base64url'), admin = false } = user;
  const { nonce } = (await (await fetch(endpoint)).json()) as { nonce: string };
  const signed = [nonce, localpart, password, admin ? 'admin' : 'notadmin'].join('\0');
  const mac = createHmac('sha1', registrationSharedSecret).update(signed).digest('hex');
  const body = {
    nonce,
    username: localpart,
    password,
    admin,
    mac,
    displayname: user.displayName ?? localpart,
  };
  const response = await fetch(endpoint, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok)
    throw new StackServiceError(
      `Registering ${localpart} failed: ${response.status} ${await response.text()}`,
    );
  const answer = (await response.json()) as { user_id: string; access_token: string; device_id: string };
  return { userId: answer.user_id, accessToken: answer.access_token, deviceId: answer.device_id, password };
}
