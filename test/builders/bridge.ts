// A whole bridge for tests, on the real tables; its servers cannot be reached until a test puts others in their place.
import type pg from 'pg';
import { TEAM_ROLE_SYSTEM } from '../../src/domain/fhir.ts';
import { createFhirServer } from '../../src/fhir/server.ts';
import type { Bridge, BridgeSettings } from '../../src/flows/bridge.ts';
import { noAuditTrail } from '../../src/flows/audit-trail.ts';
import { toInboxOutcome } from '../../src/flows/commit.ts';
import type { FlowOutcome } from '../../src/flows/outcome.ts';
import { createRecent } from '../../src/flows/recent.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { forgetPayload } from '../../src/inbox/forget-payload.ts';
import { findLogged, findTail, hasUnhandled } from '../../src/inbox/known-items.ts';
import type { Attempt } from '../../src/inbox/item.ts';
import { FHIR_PROFILES } from '../../src/mapping/fhir-profiles/profiles.ts';
import { isOwnUser } from '../../src/mapping/own-users.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { createSendAs } from '../../src/matrix/send-as.ts';
import { ASPECTS, KINDS } from '../../src/messages/registry.ts';
import { ozoThreads } from '../../src/mapping/threads/ozo.ts';
import { noPseudonyms } from '../../src/pseudonyms/pseudonyms.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { recordingLog } from './log.ts';
import { BOT } from './matrix.ts';
import { MESSAGE_OPTIONS } from './messages.ts';
import { plainPayloads, storing } from './payloads.ts';

const unreachable = () => Promise.reject(new TypeError('No request was expected'));
export const unreachableHomeserver = createHomeserver({
  ...{ get: unreachable, put: unreachable, post: unreachable, delete: unreachable, open: unreachable },
});
export const unreachableFhir = createFhirServer(
  { request: unreachable, answerCode: 'fhir-answer' },
  'client-assigned',
);

/** The first attempt at an item. */
export const ATTEMPT: Attempt = {
  ...{ number: 1, inDoubt: false },
  signal: new AbortController().signal,
};

export const clockAt = (time: number | string) => ({ now: () => new Date(time), monotonicMs: () => 0 });

export const SETTINGS: BridgeSettings = {
  serverName: 'example.org',
  bot: BOT,
  ghostPrefix: '_fhir_',
  pseudonymizationKey: 'a key of the operator',
  trustedServers: new Set(['example.org']),
  botName: 'Zorgplatform',
  botAvatar: undefined,
  aliases: { space: 'careteam/{id}', conversation: 'communicationrequest/{id}' },
  teamPictures: false,
  joinThroughSpace: false,
  levels: {
    ...{ practitioner: 75, organization: 70, relatedPerson: 50, patient: 25 },
    roles: [{ system: TEAM_ROLE_SYSTEM, code: 'primary', level: 100 }],
  },
  userMappings: { for: 'off', email: false },
  inviteContext: 'off',
  ownAccounts: 'directory',
  mostPerRoom: 500,
  lenientTelecom: false,
  namePolicy: 'full',
  unknownSender: { as: 'identifier' },
  platformName: 'Zorgplatform',
  avatars: false,
  membership: 'follow',
  strangers: { fromTrustedServers: 'allow', fromOtherServers: 'allow', graceMs: 3_600_000 },
  historyVisibility: 'shared',
  userMadeRooms: 'follow',
  adoptRoomsOf: new Set(),
  deliverPreparation: false,
  messages: MESSAGE_OPTIONS,
  writeBackDelayMs: 0,
  waitForTargetMs: 60_000,
  holdForMs: 30 * 86_400_000,
  sourceSystemExtension: '',
  idStrategy: 'client-assigned',
  audit: {
    ...{ profile: 'generic', site: 'example.org', bot: BOT, fhirBaseUrl: 'https://fhir.example.org/fhir' },
    ...{ ...FHIR_PROFILES.generic.audit, agentTypes: undefined },
  },
  profile: FHIR_PROFILES.generic,
  sendStatus: true,
  reportFailures: 'task',
  readState: { engine: 'server', quietMs: 5_000 },
  roomTemplates: {
    spaceName: 'Care team',
    organizationSpaceName: '{name}',
    spaceTopic: '',
    conversationName: 'Conversation {date}',
    conversationFallback: 'Conversation {number} · {date} {time}',
    conversationTopic: '',
    conversationSubject: 'none',
    timeZone: 'Europe/Amsterdam',
  },
};

/** The bridge; `over` names what the test is about. */
export function createBridge(db: pg.Pool, over: Partial<Bridge> = {}): Bridge {
  const { homeserver = unreachableHomeserver } = over;
  return {
    ...storing(plainPayloads),
    ...{
      db,
      findLogged,
      findTail,
      hasUnhandled,
      forgetPayload,
      homeserver,
      otherServers: { isLeftAlone: () => false },
      fhir: unreachableFhir,
      pseudonyms: noPseudonyms,
    },
    recentBearers: createRecent({ monotonicMs: () => 0 }, { forMs: 0, most: 1 }),
    ...{ auditServer: unreachableFhir, auditTrail: noAuditTrail },
    transact: (work) => inTransaction(db, work),
    ...{ kinds: KINDS, aspects: ASPECTS, thread: ozoThreads },
    sending: createSendAs({ homeserver, bot: BOT, isOwn: (userId) => isOwnUser(SETTINGS, userId) }),
    roomLock: (_key, _signal, work) => work(),
    ensureRoom: unreachable,
    files: { toFhir: unreachable, toMatrix: unreachable },
    newRoomVersion: () => Promise.resolve('11'),
    ...{ settings: SETTINGS, clock: clockAt('2026-11-21T12:00:00Z') },
    ...{ log: recordingLog(), metrics: createMetrics() },
    ...over,
  };
}

/** Commits how a flow ended, as the inbox does. @returns the reason where it was ignored, else what it was */
export async function settle(bridge: Bridge, outcome: FlowOutcome): Promise<string> {
  if (outcome.kind === 'later') return `later ${outcome.afterMs}`;
  const item = { lane: '', position: 1, source: '', sourceId: '', payload: {}, receivedAt: new Date() };
  const ended = toInboxOutcome(outcome, item, bridge);
  if ('record' in ended) await bridge.transact(ended.record);
  return outcome.kind === 'ignored' ? outcome.reason : outcome.kind;
}
