// What every flow is given: the two servers, the store, and the operator's settings.
import type { ClientBase, Pool } from 'pg';
import type { Clock } from '../domain/clock.ts';
import type { Practitioner, ResourceVersion } from '../domain/fhir.ts';
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { FhirServer } from '../fhir/server.ts';
import type { enqueue } from '../inbox/enqueue.ts';
import type { NamePolicy } from '../mapping/people.ts';
import type { LevelTable } from '../mapping/member-level.ts';
import type { MembershipPolicy } from '../mapping/room-changes.ts';
import type { RoomTemplates } from '../mapping/room-names.ts';
import type { RoomOrder } from '../matrix/ensure-room.ts';
import type { Homeserver } from '../matrix/homeserver.ts';
import type { Sending } from '../matrix/send-as.ts';
import type { RegisteredKind } from '../messages/kind.ts';
import type { ThreadProfile } from '../messages/threads/thread-profile.ts';
import type { Pseudonyms } from '../pseudonyms/pseudonyms.ts';
import type * as adoptedRooms from '../store/adopted-rooms.ts';
import type * as formerRooms from '../store/former-rooms.ts';
import type * as invitations from '../store/invitations.ts';
import type * as ghosts from '../store/ghosts.ts';
import type * as messageLinks from '../store/message-links.ts';
import type * as notices from '../store/notices.ts';
import type * as people from '../store/people.ts';
import type * as personAccounts from '../store/person-accounts.ts';
import type * as resourceVersions from '../store/resource-versions.ts';
import type * as roomMembers from '../store/room-members.ts';
import type * as roomUses from '../store/room-uses.ts';
import type { RoomLock } from '../store/room-locks.ts';
import type * as rooms from '../store/rooms.ts';
import type * as waitingItems from '../store/waiting-items.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** The operator's choices, compiled from the configuration. */
export interface BridgeSettings {
  readonly serverName: string;
  readonly bot: MatrixUserId;
  readonly ghostPrefix: string;
  readonly pseudonymizationKey: string;
  /** The homeservers whose addresses in FHIR telecom are believed, the own one among them. */
  readonly trustedServers: ReadonlySet<string>;
  readonly roomVersion: string;
  readonly roomTemplates: RoomTemplates;
  readonly levels: LevelTable;
  readonly userMappings: { readonly for: 'off' | 'professionals' | 'all'; readonly email: boolean };
  readonly membership: MembershipPolicy;
  readonly userMadeRooms: 'follow' | 'ignore';
  /** Which invitations to other homeservers carry a context. */
  readonly inviteContext: 'off' | 'space' | 'conversation' | 'both';
  readonly namePolicy: NamePolicy;
  readonly avatars: boolean;
  readonly deliverPreparation: boolean;
  /** Empty leaves the extension out. */
  readonly sourceSystemExtension: string;
  readonly idStrategy: 'client-assigned' | 'server-assigned';
}

/** The tables' functions; the bridge's flows reach no other tables. */
export interface Store {
  readonly adoptedRooms: typeof adoptedRooms;
  readonly formerRooms: typeof formerRooms;
  readonly invitations: typeof invitations;
  readonly ghosts: typeof ghosts;
  readonly messageLinks: typeof messageLinks;
  readonly notices: typeof notices;
  readonly people: typeof people;
  readonly personAccounts: typeof personAccounts;
  readonly resourceVersions: typeof resourceVersions;
  readonly roomMembers: typeof roomMembers;
  readonly roomUses: typeof roomUses;
  readonly rooms: typeof rooms;
  readonly waitingItems: typeof waitingItems;
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

/** All that composition gives to the flows; each of them names what it needs of it (`Needs`). */
export interface Bridge {
  readonly db: Pool;
  readonly store: Store;
  readonly enqueue: typeof enqueue;
  /** Runs statements in a transaction of their own; nothing else is waited for in it. */
  readonly transact: <T>(work: (tx: ClientBase) => Promise<T>) => Promise<T>;
  readonly homeserver: Homeserver;
  readonly sending: Sending;
  /** The kinds of messages that are carried. */
  readonly kinds: readonly RegisteredKind[];
  /** How Communications name their conversation. */
  readonly thread: ThreadProfile;
  /** One convergence of a room at a time, in this process and all others on the database. */
  readonly roomLock: RoomLock;
  readonly ensureRoom: (order: RoomOrder, signal: AbortSignal) => Promise<RoomId>;
  readonly fhir: FhirServer;
  /** Names patients to other homeservers, and recognises those named by them. */
  readonly pseudonyms: Pseudonyms;
  /** Absent where directories have no word on accounts. */
  readonly accountInDirectory?: (
    practitioner: Practitioner,
    signal: AbortSignal,
  ) => Promise<AccountInDirectory>;
  /** Absent where no directory is one's own: then nothing is written. */
  readonly publishAddress?: (
    reference: FhirReference,
    userId: MatrixUserId,
    signal: AbortSignal,
  ) => Promise<PublishedAddress>;
  readonly settings: BridgeSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type Members = Omit<Bridge, 'store'>;

/** Names members of the bridge, with `true` for all of one or some of its functions, and functions of its tables. */
type Named = { readonly [Key in keyof Members]?: true | keyof Members[Key] } & {
  readonly [Table in keyof Store]?: keyof Store[Table];
};

/**
 * The part of the bridge that a flow needs, such as `Needs<{ db: true; rooms: 'findRoom'; settings: 'bot' }>`. The whole
 * bridge is one; a test gives the part alone.
 */
export type Needs<Wanted extends Named> = {
  readonly [
    Key in keyof Members as Key extends keyof Wanted ? (Wanted[Key] extends true ? Key : never) : never
  ]: Members[Key];
} & {
  readonly [Key in keyof Wanted & keyof Members as Wanted[Key] extends true ? never : Key]: Pick<
    Members[Key],
    Extract<Wanted[Key], keyof Members[Key]>
  >;
} & ([keyof Wanted & keyof Store] extends [never]
    ? unknown
    : {
        readonly store: {
          readonly [Table in keyof Wanted & keyof Store]: Pick<
            Store[Table],
            Extract<Wanted[Table], keyof Store[Table]>
          >;
        };
      });
