// The identity port as the daemon serves it, on a real database, with a directory of its own and a scripted homeserver.
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { beforeEach, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Clock, Sleep } from '../../src/domain/clock.ts';
import { isMatrixUserId } from '../../src/domain/ids.ts';
import type { MatrixUserId } from '../../src/domain/ids.ts';
import { createIdentityPort } from '../../src/app/identity/port.ts';
import type { IdentityPort } from '../../src/app/identity/port.ts';
import type {
  Directory,
  DirectoryEntry,
  Resolution,
  Threepid,
} from '../../src/identity/directories/directory.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { startHttpServer } from '../../src/ops/http-server.ts';
import { announcePepper, beginPepper, hashNextBatch, readPeppers } from '../../src/store/identity-hashes.ts';
import { saveIdentityRecords } from '../../src/store/identity-records.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { serveScript } from '../builders/http.ts';
import type { Answer, SeenRequest } from '../builders/http.ts';
import { recordingLog } from '../builders/log.ts';

/** The signing key of the specification's appendix ("Signing JSON", test vectors). */
export const SIGNING_SEED = 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1';
export const SECRET = 'a-secret-of-the-backend';

const REQUIRED = {
  BRIDGE_DATABASE_URL: 'postgresql://bridge@localhost/bridge',
  BRIDGE_MATRIX_SERVER_NAME: 'hs.example',
  BRIDGE_MATRIX_AS_TOKEN: 'as-token-as-token-as-token',
  BRIDGE_MATRIX_HS_TOKEN: 'hs-token-hs-token-hs-token',
  BRIDGE_FHIR_BASE_URL: 'http://localhost:8080/fhir',
  BRIDGE_FHIR_HOOK_SECRET: 'hook-secret-hook-secret',
  BRIDGE_PEOPLE_PSEUDONYMIZATION_KEY: 'pseudonymization-key',
  BRIDGE_IDENTITY_ENABLED: 'true',
  BRIDGE_IDENTITY_BACKEND_AUTH: 'bearer',
  BRIDGE_IDENTITY_BACKEND_SECRET: SECRET,
  BRIDGE_IDENTITY_PUBLIC_URL: 'https://id.example',
  BRIDGE_IDENTITY_TRUSTED_PROXIES: '192.0.2.80',
  BRIDGE_IDENTITY_SIGNING_KEY: SIGNING_SEED,
};

/** A user id, known to be one. */
export function userId(text: string): MatrixUserId {
  if (!isMatrixUserId(text)) throw new TypeError(`${text} is no user id`);
  return text;
}

/** A directory of what a test puts into it. */
export interface FakeDirectory extends Directory {
  /** By `medium address`. */
  readonly people: Map<string, Resolution | 'down' | 'silent'>;
  entries: readonly DirectoryEntry[];
  /** By login; the password is always `right`. */
  readonly logins: Map<string, DirectoryEntry>;
  down: boolean;
}

/** A directory in memory; `down` ones throw, `silent` ones never answer. */
export function fakeDirectory(): FakeDirectory {
  const check = (): void => {
    if (directory.down) throw new BridgeError('directory-unavailable', 'fake: 500');
  };
  const directory: FakeDirectory = {
    name: 'fake',
    people: new Map(),
    entries: [],
    logins: new Map(),
    down: false,
    resolve({ medium, address }: Threepid) {
      check();
      const known = directory.people.get(`${medium} ${address}`) ?? { kind: 'unknown' };
      if (known === 'down') throw new BridgeError('directory-unavailable', 'fake: 500');
      return known === 'silent' ? new Promise(() => undefined) : Promise.resolve(known);
    },
    search(_term, limit) {
      check();
      return Promise.resolve(directory.entries.slice(0, limit));
    },
    describe(asked) {
      check();
      return Promise.resolve(directory.entries.find((entry) => entry.userId === asked));
    },
    authenticate(login, password) {
      check();
      return Promise.resolve(password === 'right' ? directory.logins.get(login) : undefined);
    },
  };
  return directory;
}

/** A person for the fake directory. */
export function entry(
  id: string,
  displayName: string | undefined,
  threepids: readonly Threepid[] = [],
  reference?: DirectoryEntry['reference'],
): DirectoryEntry {
  return { userId: userId(id), displayName, threepids, reference };
}

export const found = (id: string): Resolution => ({ kind: 'found', userId: userId(id) });

export interface World {
  readonly url: string;
  readonly identityPort: IdentityPort;
  readonly pool: pg.Pool;
  readonly directory: FakeDirectory;
  readonly log: ReturnType<typeof recordingLog>;
  /** What the homeserver was asked. */
  readonly seen: readonly SeenRequest[];
  readonly clock: Clock & { advance: (ms: number) => void };
  /** Calls the port; the body is sent as JSON unless it is a string. */
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Called>;
  /** Calls the backend as ma1sd behind its proxy does. */
  readonly ask: (path: string, body: unknown) => Promise<Called>;
  /** Registers a user; returns the token. */
  readonly register: (id: string) => Promise<string>;
  /** What the audit holds. */
  readonly audit: () => Promise<readonly Record<string, unknown>[]>;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Called {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

type Homeserver = (request: SeenRequest) => Answer | undefined | Promise<Answer | undefined>;

/** A homeserver to which `token-of-<localpart>` is an OpenID token of that user. */
export const honestHomeserver: Homeserver = ({ url }) => {
  const [, localpart] = /^token-of-(.+)$/.exec(url.searchParams.get('access_token') ?? '') ?? [];
  return localpart === undefined
    ? { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: 'unknown' } }
    : { body: { sub: `@${localpart}:hs.example` } };
};

/** A database of its own for the file; returns what starts a world on it. */
export function useWorlds(): (
  env?: Readonly<Record<string, string>>,
  homeserver?: Homeserver,
  sleep?: Sleep,
) => Promise<World> {
  const pool = useBridgeDatabase();
  beforeEach(async () => {
    await pool().query(`truncate identity_person, identity, identity_word, identity_pepper, identity_hash,
      identity_token, identity_accepted_policy, identity_invite, identity_audit`);
  });
  return (env = {}, homeserver = honestHomeserver, sleep = reallySleep) =>
    startWorld({ pool: pool(), env, homeserver, sleep });
}

async function startWorld({
  pool,
  env,
  homeserver,
  sleep,
}: {
  pool: pg.Pool;
  env: Readonly<Record<string, string>>;
  homeserver: Homeserver;
  sleep: Sleep;
}): Promise<World> {
  const { url: homeserverUrl, seen } = await serveScript(homeserver);
  const config = await loadConfig(undefined, {
    ...REQUIRED,
    BRIDGE_MATRIX_HOMESERVER_URL: homeserverUrl,
    ...env,
  });
  const log = recordingLog();
  const directory = fakeDirectory();
  const clock = movableClock();
  const identityPort = createIdentityPort({
    ...{ config, pool, clock, sleep, log, metrics: createMetrics() },
    directories: { directory, checks: [] },
  });
  const http = await startHttpServer({ host: '127.0.0.1', port: 0 }, identityPort.routers, log);
  onTestFinished(() => http.close(0));
  const url = `http://127.0.0.1:${http.port}`;
  const call = (method: string, path: string, options: CallOptions = {}): Promise<Called> =>
    callAt(`${url}${path}`, method, options);
  return {
    ...{ url, identityPort, pool, directory, log, seen, clock, call },
    ask: (path, body) => call('POST', `/_ma1sd/backend/api/v1/${path}`, { token: SECRET, body }),
    async register(id) {
      const localpart = id.slice(1, id.indexOf(':'));
      const { body } = await call('POST', '/_matrix/identity/v2/account/register', {
        body: {
          access_token: `token-of-${localpart}`,
          token_type: 'Bearer',
          matrix_server_name: 'hs.example',
          expires_in: 3600,
        },
      });
      return (body as { token: string }).token;
    },
    async audit() {
      const { rows } = await pool.query<Record<string, unknown>>(
        'select caller, action, medium, outcome from identity_audit order by at, medium, outcome',
      );
      return rows;
    },
  };
}

const reallySleep: Sleep = async (ms, signal) => {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
};

/** The real time, and as much more as a test says. */
function movableClock(): World['clock'] {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    monotonicMs: () => performance.now() + ahead,
    advance(ms) {
      ahead += ms;
    },
  };
}

async function callAt(
  url: string,
  method: string,
  { token, headers = {}, body }: CallOptions,
): Promise<Called> {
  const response = await fetch(url, {
    method,
    headers: { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
    headers: response.headers,
  };
}

/** Puts people into the local table: `[medium, address, user id]`. */
export async function knowLocally(
  pool: pg.Pool,
  people: readonly (readonly [Threepid['medium'], string, string])[],
): Promise<void> {
  await inTransaction(pool, (tx) =>
    saveIdentityRecords(
      tx,
      'local',
      people.map(([medium, address, id], index) => ({
        ...{ key: `${index}-${id}`, userId: userId(id), displayName: undefined, reference: undefined },
        ...{ addresses: [{ medium, address }], words: [] },
      })),
      undefined,
    ),
  );
}

/** Announces a pepper, with its hashes. */
export async function usePepper(pool: pg.Pool, pepper: string): Promise<void> {
  const current = (await readPeppers(pool)).find(({ state }) => state === 'current');
  await inTransaction(pool, (tx) => beginPepper(tx, pepper, current?.generation));
  await inTransaction(pool, (tx) => hashNextBatch(tx, 1000));
  await inTransaction(pool, announcePepper);
}
