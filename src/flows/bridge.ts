// What every flow is given: the two servers, the store, and the operator's settings.
import type { ClientBase, Pool } from 'pg';
import type { AuditSettings } from '../audit/settings.ts';
import type { Clock } from '../domain/clock.ts';
import type { Practitioner, ResourceVersion } from '../domain/fhir.ts';
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { FhirServer } from '../fhir/server.ts';
import type { Files } from '../files/files.ts';
import type { Enqueue } from '../inbox/enqueue.ts';
import type { AliasTemplates } from '../mapping/aliases.ts';
import type { FhirProfile } from '../mapping/fhir-profiles/fhir-profile.ts';
import type { ForgetItemsNaming } from '../inbox/forget-items.ts';
import type { forgetPayload } from '../inbox/forget-payload.ts';
import type { findLogged, findTail, HasItem, hasUnhandled } from '../inbox/known-items.ts';
import type { Confines } from '../mapping/desired-room.ts';
import type { Identity } from '../mapping/identities.ts';
import type { NamePolicy } from '../mapping/people.ts';
import type { LevelTable } from '../mapping/member-level.ts';
import type { MembershipPolicy } from '../mapping/room-changes.ts';
import type { RoomTemplates } from '../mapping/room-names.ts';
import type { StrangerRules } from '../mapping/strangers.ts';
import type { RoomOrder } from '../matrix/ensure-room.ts';
import type { Homeserver } from '../matrix/homeserver.ts';
import type { OtherServers } from '../matrix/other-servers.ts';
import type { Sending } from '../matrix/send-as.ts';
import type { Aspect } from '../messages/aspects/aspect.ts';
import type { DirectoryPerson, UnknownSender } from '../messages/author.ts';
import type { RegisteredKind } from '../messages/kind.ts';
import type { MessageOptions } from '../messages/options.ts';
import type { ThreadProfile } from '../domain/threads.ts';
import type { Pseudonyms } from '../pseudonyms/pseudonyms.ts';
import type { RoomLock } from '../store/room-locks.ts';
import type { Store } from '../store/tables.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Recent } from './recent.ts';

/** The operator's choices, compiled from the configuration. */
export interface BridgeSettings {
  readonly serverName: string;
  readonly bot: MatrixUserId;
  readonly ghostPrefix: string;
  readonly pseudonymizationKey: string;
  /** The homeservers whose addresses in FHIR telecom are believed, the own one among them. */
  readonly trustedServers: ReadonlySet<string>;
  /** What people see as the name of the bot, and its `mxc://` picture; without one the bridge draws it. */
  readonly botName: string;
  readonly botAvatar: string | undefined;
  /** Of new rooms. */
  readonly aliases: AliasTemplates;
  readonly teamPictures: boolean;
  /** Whether conversations for a whole team are open to the members of its space. */
  readonly joinThroughSpace: boolean;
  readonly roomTemplates: RoomTemplates;
  readonly levels: LevelTable;
  readonly userMappings: { readonly for: 'off' | 'professionals' | 'all'; readonly email: boolean };
  readonly membership: MembershipPolicy;
  /** What becomes of members whom nobody knows. */
  readonly strangers: StrangerRules;
  readonly historyVisibility: Confines['history'];
  readonly userMadeRooms: 'follow' | 'ignore';
  /** Accounts whose rooms under a resource's alias are taken over. */
  readonly adoptRoomsOf: ReadonlySet<string>;
  /** Which invitations to other homeservers carry a context. */
  readonly inviteContext: 'off' | 'space' | 'conversation' | 'both';
  /** By whose word an account of the own homeserver is a person's: the records', the operator's alone, or the records' and its own. */
  readonly ownAccounts: 'directory' | 'operator' | 'both-sides';
  /** People in one space or room at most. */
  readonly mostPerRoom: number;
  /** Whether Matrix addresses in telecom count without the form that only they have. */
  readonly lenientTelecom: boolean;
  readonly namePolicy: NamePolicy;
  readonly unknownSender: UnknownSender;
  /** Who speaks where a Communication names no sender. */
  readonly platformName: string;
  readonly avatars: boolean;
  readonly deliverPreparation: boolean;
  readonly messages: MessageOptions;
  /** How long a message waits for one that it refers to. */
  readonly waitForTargetMs: number;
  /** How long a message is held whose sender FHIR does not know. */
  readonly holdForMs: number;
  /** Empty leaves the extension out. */
  readonly sourceSystemExtension: string;
  readonly idStrategy: 'client-assigned' | 'server-assigned';
  readonly audit: AuditSettings;
  /** What the FHIR server's profiles demand. */
  readonly profile: FhirProfile;
  /** Whether clients are told of messages that could not be recorded. */
  readonly sendStatus: boolean;
  /** How long after it was sent a Communication gets the id of its event. */
  readonly writeBackDelayMs: number;
  /** How platforms are told of messages that did not reach their room. */
  readonly reportFailures: 'task' | 'off';
  readonly readState: {
    /** Who keeps the Tasks of read state; `off` carries none. */
    readonly engine: 'off' | 'server' | 'bridge';
    /** How long a reader has to be quiet before what they have read is carried. */
    readonly quietMs: number;
  };
}

/** What directories say of a practitioner's account; `failed` is no "unknown". */
export type AccountInDirectory =
  { readonly kind: 'found'; readonly userId: MatrixUserId } | { readonly kind: 'unknown' | 'failed' };

/** What became of a Matrix address in one's own directory. */
export interface PublishedAddress {
  readonly result: 'published' | 'differs' | 'missing';
  /** The version that was written; undefined where nothing was. */
  readonly written: ResourceVersion | undefined;
}

/**
 * All that composition gives to the flows. A flow that works on both servers takes it whole; a function that uses a few
 * parts takes those, such as `Pick<Bridge, 'db' | 'store'>`.
 */
export interface Bridge {
  readonly db: Pool;
  readonly store: Store;
  readonly enqueue: Enqueue;
  readonly findLogged: typeof findLogged;
  readonly findTail: typeof findTail;
  readonly hasUnhandled: typeof hasUnhandled;
  readonly hasItem: HasItem;
  readonly forgetPayload: typeof forgetPayload;
  readonly forgetItemsNaming: ForgetItemsNaming;
  /** Runs statements in a transaction of their own; nothing else is waited for in it. */
  readonly transact: <T>(work: (tx: ClientBase) => Promise<T>) => Promise<T>;
  readonly homeserver: Homeserver;
  /** Which other homeservers are left alone, because they did not answer. */
  readonly otherServers: Pick<OtherServers, 'isLeftAlone'>;
  readonly sending: Sending;
  /** The kinds of messages that are carried. */
  readonly kinds: readonly RegisteredKind[];
  /** What messages of any kind may carry beside their content. */
  readonly aspects: readonly Aspect[];
  /** How Communications name their conversation. */
  readonly thread: ThreadProfile;
  /** One convergence of a room at a time, in this process and all others on the database. */
  readonly roomLock: RoomLock;
  /** The version of rooms that are made now. */
  readonly newRoomVersion: (signal: AbortSignal) => Promise<string>;
  readonly ensureRoom: (order: RoomOrder, signal: AbortSignal) => Promise<RoomId>;
  readonly fhir: FhirServer;
  /** Copies the files of messages from one side to the other. */
  readonly files: Files;
  /** The same FHIR server for AuditEvents alone, so that its refusing them opens no circuit for messages. */
  readonly auditServer: Pick<FhirServer, 'createOnce'>;
  readonly auditTrail: AuditTrail;
  /** Names patients to other homeservers, and recognises those named by them. */
  readonly pseudonyms: Pseudonyms;
  /** Absent where directories have no word on accounts. */
  readonly accountInDirectory?: (
    practitioner: Practitioner,
    signal: AbortSignal,
  ) => Promise<AccountInDirectory>;
  /** As whom a directory knows a user; absent where directories have no word on senders. */
  readonly personInDirectory?: (
    userId: MatrixUserId,
    signal: AbortSignal,
  ) => Promise<DirectoryPerson | undefined>;
  /** Absent where no directory is one's own: then nothing is written. */
  readonly publishAddress?: (
    reference: FhirReference,
    userId: MatrixUserId,
    signal: AbortSignal,
  ) => Promise<PublishedAddress>;
  /** Whose accounts were looked at a moment ago: by person and account, whether FHIR gives it to them. */
  readonly recentBearers: Recent<{ readonly bearer: Identity | undefined }>;
  readonly settings: BridgeSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}
