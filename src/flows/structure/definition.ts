// What the runner asks of a CareTeam or CommunicationRequest that was read; each type answers in a file of its own.
import type { ClientBase } from 'pg';
import type { CommunicationRequest } from '../../domain/fhir.ts';
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import type { CareTeam } from '../../domain/fhir.ts';
import type { Confines, DesiredMember, DesiredRoom, Entry } from '../../mapping/desired-room.ts';
import type { WantedPeople } from '../../mapping/fhir-to-matrix/participants.ts';
import type { Phase, Wanted } from '../../mapping/phases.ts';
import type { ActualState } from '../../mapping/room-changes.ts';
import type { TitleFacts } from '../../mapping/room-names.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import type { ReadSet } from '../people/read-set.ts';

/** The team's space in which a conversation stands. */
export interface Placement {
  readonly careTeam: StoredResource<CareTeam>;
  readonly reference: FhirReference;
  readonly roomId: RoomId;
}

/** The space of a team, if it has one, or is to get one. */
export type SpaceOf = (careTeam: FhirReference) => Promise<RoomId | undefined>;

/** What a room is to be like, as far as its resource does not say it. */
interface Circumstances {
  readonly phase: Phase;
  readonly members: readonly DesiredMember[];
  readonly placement: Placement | undefined;
  readonly entry: Entry;
  readonly confines: Confines;
  readonly titleFacts: TitleFacts;
  /** The `mxc://` URI of the team's picture; undefined shows none. */
  readonly picture: string | undefined;
  /** The room as it is. */
  readonly actual: readonly ActualState[];
}

/** What the answers need besides the resource. */
export type DefiningBridge = Pick<Bridge, 'db' | 'settings' | 'store'>;

/** A resource that has a space or room. */
export interface Definition {
  readonly reference: FhirReference;
  readonly versionId: string;
  /** The stamp of the version. */
  readonly lastUpdated: string;
  readonly kind: DesiredRoom['kind'];
  /** Whom it is about. */
  readonly subject: FhirReference | undefined;
  readonly wanted: Wanted;
  /** The room of which the bridge itself made this resource. */
  readonly adopted: RoomId | undefined;
  /** What is said first in its room. */
  readonly firstMessage: FirstMessage | undefined;
  /** When the conversation began; undefined for a space, and where its request does not say it. */
  readonly authoredAt: string | undefined;
  /** The team whose name and picture its room has, and whose roles give power in it. */
  readonly team: (placement: Placement | undefined) => StoredResource<CareTeam> | undefined;
  /** Whether the whole team in whose space it stands takes part in it. */
  readonly isForTeam: (placement: Placement) => boolean;
  /**
   * Where it stands, by the teams that are read and noted for it.
   * @param current the team in whose space it stands now
   */
  readonly place: (
    reads: ReadSet,
    current: FhirReference | undefined,
    spaceOf: SpaceOf,
  ) => Promise<Placement | undefined>;
  /** Whom it wants. @param at milliseconds since the epoch */
  readonly people: (at: number) => WantedPeople;
  readonly desired: (bridge: DefiningBridge, circumstances: Circumstances) => Promise<DesiredRoom>;
  /** What waited for its room, which is up to date. @param cause from which the ids of what follows are made */
  readonly following: (bridge: DefiningBridge, tx: ClientBase, cause: string) => Promise<readonly NewItem[]>;
}

/** The first message of a conversation. */
export interface FirstMessage {
  readonly payload: NonNullable<CommunicationRequest['payload']>;
  /** Whose ghost sends it; undefined for the bot. */
  readonly author: FhirReference | undefined;
  /** Milliseconds since the epoch. */
  readonly sentAt: number | undefined;
}
