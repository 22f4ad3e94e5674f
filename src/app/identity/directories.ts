// The directories put together: settings in; one directory for look-ups, the syncs of the local table and the change of peppers out.
import type { Pool } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import { createDirectoryChain } from '../../identity/directories/chain.ts';
import type { Asked } from '../../identity/directories/chain.ts';
import { createFhirDirectory } from '../../identity/directories/mcsd/fhir-directory.ts';
import type { FhirDirectory } from '../../identity/directories/mcsd/fhir-directory.ts';
import { createKeycloakApi } from '../../identity/directories/keycloak/api.ts';
import type { KeycloakClient } from '../../identity/directories/keycloak/api.ts';
import {
  createKeycloakDirectory,
  neededAttributes,
  unreliableAttributes,
} from '../../identity/directories/keycloak/directory.ts';
import type { KeycloakMapping } from '../../identity/directories/keycloak/directory.ts';
import { createLocalDirectory } from '../../identity/directories/local.ts';
import { createMcsdFeed } from '../../identity/directories/mcsd/feed.ts';
import { createMcsdPeople } from '../../identity/directories/mcsd/people.ts';
import { createMcsdDirectory } from '../../identity/directories/mcsd/directory.ts';
import { createDirectoryServer } from '../../identity/directories/directory-server.ts';
import type { DirectoryServer, DirectoryTls } from '../../identity/directories/directory-server.ts';
import type { AttributeCheck } from '../../jobs/attribute-checks.ts';
import type { Directory, Medium } from '../../identity/directories/directory.ts';
import type { HomeserverOf } from '../../identity/directories/homeserver-discovery.ts';
import { rotatePeppersOnce } from '../../identity/directories/pepper-rotation.ts';
import type { SyncProgress, SyncStore } from '../../identity/directories/sync.ts';
import { syncOnce } from '../../identity/directories/sync.ts';
import type { TrustConfig } from '../../identity/directories/trust.ts';
import { createTrust } from '../../identity/directories/trust.ts';
import { inTransaction } from '../../inbox/database.ts';
import { readCursor, saveCursor } from '../../store/cursors.ts';
import { findPeopleByName, findPersonOf, findUsersAt } from '../../store/identities.ts';
import * as hashes from '../../store/identity-hashes.ts';
import * as records from '../../store/identity-records.ts';
import type { Log } from '../../telemetry/log.ts';
import type { RequestObserver } from '../../telemetry/metrics.ts';

/** A server that is asked. */
export interface ServerSettings {
  /** Unique, short and lasting: it stands in metrics and in the local table. */
  readonly name: string;
  readonly baseUrl: string;
  readonly allowPrivateAddresses: boolean;
  readonly tls?: DirectoryTls | undefined;
  /** How long a question may take. */
  readonly timeoutMs: number;
}

/** What all directories on servers have in common. */
interface SyncedSettings extends ServerSettings {
  /** Whether its people are kept in the local table. */
  readonly sync: boolean;
}

/** A FHIR directory of care. */
export interface McsdSettings extends SyncedSettings {
  readonly kind: 'mcsd';
  readonly bearerToken?: string | undefined;
  readonly trust: Omit<TrustConfig, 'homeserverOf'>;
  readonly overlapMs: number;
  readonly passEveryMs: number;
}

/** A realm of Keycloak. */
export interface KeycloakSettings extends SyncedSettings {
  readonly kind: 'keycloak';
  readonly realm: string;
  readonly client: KeycloakClient;
  readonly passwordClient?: KeycloakClient | undefined;
  readonly mapping: KeycloakMapping;
}

/** All of it, in the order in which directories are asked. */
export interface DirectoriesSettings {
  readonly directories: readonly ({ readonly kind: 'local' } | McsdSettings | KeycloakSettings)[];
  readonly budgetMs: number;
  readonly agreement: 'first' | 'all';
  readonly media: readonly Medium[];
  readonly pepperSeconds: number;
  readonly pepperGraceSeconds: number;
}

interface Deps {
  readonly settings: DirectoriesSettings;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Log;
  readonly homeserverOf: HomeserverOf;
  readonly observeRequest: RequestObserver;
  readonly observeAsked: (directory: string, asked: Asked) => void;
  readonly onSyncProgress: (progress: SyncProgress) => void;
}

/** Work that runs on one replica at a time; each call is one pass and returns how much it found. */
export interface LeasedPass {
  readonly name: string;
  readonly pass: (signal: AbortSignal) => Promise<number>;
}

interface Created {
  readonly directory: Directory;
  readonly check?: Omit<AttributeCheck, 'directory'>;
}

/** For the pages of a sync; questions have the shorter time of their directory. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Users of Keycloak per page. */
const PAGE = 100;
/** The local table answers in milliseconds, or not at all. */
const LOCAL_TIMEOUT_MS = 1_000;

/** Puts the directories together. */
export function createDirectories(deps: Deps): {
  readonly directory: Directory;
  readonly passes: readonly LeasedPass[];
  readonly checks: readonly AttributeCheck[];
} {
  const { settings, pool, clock, log } = deps;
  const links = settings.directories.map((one) => ({
    one,
    ...createOne(deps, one),
    timeoutMs: one.kind === 'local' ? LOCAL_TIMEOUT_MS : one.timeoutMs,
  }));
  const { budgetMs, agreement, media } = settings;
  const syncs = links
    .filter(({ one }) => one.kind !== 'local' && one.sync)
    .map(({ directory }): LeasedPass => ({
      name: `identity:${directory.name}`,
      pass: (signal) =>
        syncOnce(
          { directory, store: syncStore(pool, directory.name), log, onProgress: deps.onSyncProgress },
          signal,
        ),
    }));
  const rotation: LeasedPass = {
    name: 'identity:peppers',
    pass: (signal) =>
      rotatePeppersOnce(
        {
          ...{ store: pepperStore(pool), clock },
          rotateEverySeconds: settings.pepperSeconds,
          graceSeconds: settings.pepperGraceSeconds,
        },
        signal,
      ),
  };
  return {
    directory: createDirectoryChain({ links, budgetMs, agreement, media, log, observe: deps.observeAsked }),
    passes: [...syncs, rotation],
    checks: links.flatMap(({ directory, check }) =>
      check === undefined ? [] : [{ directory: directory.name, ...check }],
    ),
  };
}

function createOne(deps: Deps, one: DirectoriesSettings['directories'][number]): Created {
  switch (one.kind) {
    case 'local':
      return { directory: localDirectory(deps.pool) };
    case 'mcsd':
      return { directory: mcsdDirectory(deps, one) };
    case 'keycloak':
      return keycloakDirectory(deps, one);
  }
}

function localDirectory(pool: Pool): Directory {
  return createLocalDirectory({
    findUsersAt: (addresses) => findUsersAt(pool, addresses),
    findPeopleByName: (beginnings, limit) => findPeopleByName(pool, beginnings, limit),
    findPersonOf: (userId) => findPersonOf(pool, userId),
  });
}

/** A connection to a server, which limits the time of each request. */
export function connectServer(
  { observeRequest }: Pick<Deps, 'observeRequest'>,
  one: ServerSettings,
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
): DirectoryServer {
  return createDirectoryServer({ ...one, requestTimeoutMs, observe: observeRequest });
}

/** A FHIR directory's interactions; for the source of homeservers and for writing into one's own, too. */
export function connectFhirDirectory(
  deps: Pick<Deps, 'observeRequest' | 'clock'>,
  one: ServerSettings & { readonly bearerToken?: string | undefined },
  requestTimeoutMs?: number,
): FhirDirectory {
  return createFhirDirectory(connectServer(deps, one, requestTimeoutMs), {
    bearerToken: one.bearerToken,
    clock: deps.clock,
  });
}

function mcsdDirectory(deps: Deps, one: McsdSettings): Directory {
  const { clock, homeserverOf } = deps;
  const fhir = connectFhirDirectory(deps, one);
  const people = createMcsdPeople({ fhir, clock, accepts: createTrust({ ...one.trust, homeserverOf }) });
  const feed = createMcsdFeed({
    fhir,
    people,
    clock,
    overlapMs: one.overlapMs,
    passEveryMs: one.passEveryMs,
  });
  return createMcsdDirectory({ fhir, people, feed });
}

function keycloakDirectory(deps: Deps, one: KeycloakSettings): Created {
  const { clock } = deps;
  const { realm, client, mapping, passwordClient } = one;
  const api = createKeycloakApi({ server: connectServer(deps, one), realm, client, clock });
  return {
    directory: {
      ...createKeycloakDirectory({ api, mapping, clock, pageSize: PAGE, passwordClient }),
      name: one.name,
    },
    check: {
      needed: neededAttributes(mapping, deps.settings.media),
      unreliable: (signal) => unreliableAttributes(api, mapping, signal),
    },
  };
}

/** Where the sync of one directory keeps what it read; one cursor each. */
function syncStore(pool: Pool, directory: string): SyncStore {
  const cursor = `identity:${directory}`;
  return {
    readPosition: () => readCursor(pool, cursor),
    unseen: (pass, limit) => records.findUnseenRecords(pool, directory, pass, limit),
    save: (page) =>
      inTransaction(pool, async (tx) => {
        await records.saveIdentityRecords(tx, directory, page.records, page.seenIn);
        await records.removeIdentityRecords(tx, directory, page.gone);
        await saveCursor(tx, cursor, page.position);
      }),
  };
}

function pepperStore(pool: Pool) {
  return {
    readPeppers: () => hashes.readPeppers(pool),
    begin: (pepper: string, replaces: string | undefined) =>
      inTransaction(pool, async (tx) => {
        await records.lockOutIdentityWriters(tx);
        await hashes.beginPepper(tx, pepper, replaces);
      }),
    hashNextBatch: (size: number) => inTransaction(pool, (tx) => hashes.hashNextBatch(tx, size)),
    announce: () => inTransaction(pool, hashes.announcePepper),
    forgetPrevious: (graceSeconds: number) => hashes.forgetPreviousPepper(pool, graceSeconds),
    removeStaleHashes: (size: number) => hashes.removeStaleHashes(pool, size),
  };
}
