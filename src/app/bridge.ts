// Puts together what the flows work with: the two servers, the store, the locks, the settings. For the daemon and the CLI.
import { createPayloadCodec } from '../at-rest/payload-codec.ts';
import { composeAuditTrail } from './audit-trail.ts';
import { sleep } from './clock.ts';
import { composeDirectories } from './identity/directories.ts';
import type { Config } from '../config/schema.ts';
import type { Bridge, BridgeSettings } from '../flows/bridge.ts';
import { createRecent } from '../flows/recent.ts';
import { createAccountInDirectory } from '../identity/directories/account-in-directory.ts';
import { createPersonInDirectory } from '../identity/directories/person-in-directory.ts';
import { createOwnDirectory } from '../identity/directories/own-directory.ts';
import { inTransaction } from '../inbox/database.ts';
import { createEnqueue } from '../inbox/enqueue.ts';
import { createForgetItemsNaming } from '../inbox/forget-items.ts';
import { forgetPayload } from '../inbox/forget-payload.ts';
import { createHasItem, findLogged, findTail, hasUnhandled } from '../inbox/known-items.ts';
import { createBinaries } from '../fhir/binary.ts';
import { createFhirClient, OWN_CODES, type FhirCodes } from '../fhir/client.ts';
import { createOwnWrites, type OwnWrites } from '../fhir/own-writes.ts';
import { createFhirServer } from '../fhir/server.ts';
import { withThreads } from '../fhir/threads.ts';
import { createFiles } from '../files/files.ts';
import { createScan } from '../files/scanners.ts';
import { createMatrixClient } from '../matrix/client.ts';
import { ensureRoom } from '../matrix/ensure-room.ts';
import { createHomeserver } from '../matrix/homeserver.ts';
import { createMedia } from '../matrix/media.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import { createOtherServers, sparingOthers } from '../matrix/other-servers.ts';
import { withRegistration } from '../matrix/registering-client.ts';
import { createSendAs } from '../matrix/send-as.ts';
import { createAttachmentFetch } from '../net/attachments.ts';
import { ASPECTS, KINDS } from '../messages/registry.ts';
import { THREAD_PROFILES } from '../mapping/threads/profiles.ts';
import { createRoomVersion } from './room-version.ts';
import type { Parts } from './parts.ts';
import { compileSettings } from './settings.ts';
import { createPseudonyms } from '../pseudonyms/service.ts';
import type { Connections } from '../store/connections.ts';
import { createRoomLocks } from '../store/room-locks.ts';
import * as ghosts from '../store/ghosts.ts';
import * as fileCopies from '../store/file-copies.ts';
import { createTables } from '../store/tables.ts';

/** How long it is good to have read whose an account is, and of how many. */
const RECENT_BEARERS = { forMs: 10_000, most: 2_000 };

/**
 * Composes the bridge on a database; opens no connection yet.
 * @returns what the flows work with, the directories where the identity port is on, how payloads are stored, and how to close what
 *   was opened, the pool excepted; and what was written to the FHIR server last
 */
export function composeBridge(
  config: Config,
  parts: Pick<Parts, 'clock' | 'log' | 'metrics'> & { readonly connections: Connections },
) {
  const { clock, connections, log, metrics } = parts;
  const { pool, connectSession } = connections;
  const settings = compileSettings(config);
  const payloads = createPayloadCodec(config.database.encryptionKeys);
  const ownWrites = createOwnWrites();
  const connected = connectServers(config, settings, { clock, metrics, pool, ownWrites });
  const { homeserver, otherServers, fhir, auditServer, pseudonyms } = connected;
  const { bot } = settings;
  const directories = config.identity.enabled
    ? composeDirectories({ config, pool, clock, log, metrics })
    : undefined;
  const locks = createRoomLocks({ connect: connectSession, sleep });
  const bridge: Bridge = {
    ...{ settings, homeserver, otherServers, fhir, auditServer, pseudonyms, clock, log, metrics },
    ...{ findLogged, findTail, hasUnhandled, forgetPayload },
    ...{ enqueue: createEnqueue(payloads), hasItem: createHasItem(payloads) },
    forgetItemsNaming: createForgetItemsNaming(payloads),
    auditTrail: composeAuditTrail(config, clock),
    recentBearers: createRecent(clock, RECENT_BEARERS),
    db: pool,
    transact: (work) => inTransaction(pool, work),
    store: createTables(payloads),
    sending: createSendAs({ homeserver, bot, isOwn: (userId) => isOwnUser(settings, userId) }),
    files: createFiles({
      ...connected,
      ...{ db: pool, copies: fileCopies, bot, clock, metrics },
      scan: createScan(config.attachments),
      rules: config.attachments,
      retryMs: config.attachments.retryMs,
    }),
    kinds: KINDS,
    aspects: ASPECTS,
    thread: THREAD_PROFILES[config.fhir.threads],
    ...(config.people.resolveByDirectory &&
      directories && {
        accountInDirectory: createAccountInDirectory({
          ...{ directory: directories.directory, clock, log },
          count: (result) => {
            metrics.directoryAccounts.inc({ result });
          },
        }),
        personInDirectory: createPersonInDirectory({ directory: directories.directory, log }),
      }),
    ...(config.identity.publishToOwnFhir && {
      publishAddress: createOwnDirectory({ server: fhir, clock, isLenient: settings.lenientTelecom }),
    }),
    roomLock: locks.lock,
    newRoomVersion: createRoomVersion(config.matrix.roomVersion, (signal) =>
      homeserver.defaultRoomVersion(bot, signal),
    ),
    ensureRoom: (order, signal) => ensureRoom({ homeserver, bot, clock, sleep }, order, signal),
  };
  return { bridge, directories, payloads, ownWrites, close: locks.close };
}

/** The servers the bridge speaks to, each behind its client. */
function connectServers(
  { matrix, fhir, invitations, attachments }: Config,
  { idStrategy, profile, serverName }: BridgeSettings,
  {
    clock,
    metrics,
    pool,
    ownWrites,
  }: Pick<Parts, 'clock' | 'metrics' | 'pool'> & { readonly ownWrites: OwnWrites },
) {
  const { observeMatrix, observeFhir, observePseudonyms, unsoundResources } = metrics;
  const { baseUrl, baseAliases, bearerToken, requestTimeoutMs } = fhir;
  const connectFhir = (codes: FhirCodes = OWN_CODES) => {
    const client = createFhirClient({
      ...{ baseUrl, baseAliases, bearerToken, requestTimeoutMs, observe: observeFhir },
      ...{
        codes,
        searching: profile.search,
        onUnsound: (kind) => {
          unsoundResources.inc({ kind });
        },
        ...(profile.search.cacheControl === 'no-cache' && { cacheControl: 'no-cache' }),
      },
    });
    return withThreads(createFhirServer(client, idStrategy, ownWrites.note), THREAD_PROFILES[fhir.threads]);
  };
  const { forbidden: _, ...withoutForbidden } = OWN_CODES;
  const matrixClient = withRegistration({
    client: createMatrixClient({ ...matrix, observe: observeMatrix }),
    onRegistered: (userId) => ghosts.forgetGhostProfile(pool, userId),
  });
  const otherServers = createOtherServers(clock);
  const { timeoutMs } = attachments;
  return {
    homeserver: sparingOthers(createHomeserver(matrixClient), otherServers, serverName),
    otherServers,
    media: createMedia(matrixClient, timeoutMs),
    binaries: createBinaries({ baseUrl, bearerToken, idStrategy, timeoutMs, observe: observeFhir }),
    fetchAttachment: createAttachmentFetch({ ...attachments, baseUrl, bearerToken }),
    fhir: connectFhir(),
    // What is refused there is refused for all AuditEvents: they wait.
    auditServer: connectFhir({ ...withoutForbidden, failed: 'fhir-failed' }),
    pseudonyms: createPseudonyms({ ...invitations, serverName, observe: observePseudonyms }),
  };
}
