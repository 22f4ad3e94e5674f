// What FHIR wants of a room, read and resolved; before it is compared with the room itself.
import { referenceTo, type Dependency, type FhirReference } from '../../domain/ids.ts';
import type { Confines, DesiredMember, DesiredRoom } from '../../mapping/desired-room.ts';
import type { Phase } from '../../mapping/phases.ts';
import { teamDrawing, type Drawing } from '../../mapping/pictures.ts';
import type { ActualState } from '../../mapping/room-changes.ts';
import { serversOfRoom } from '../../mapping/server-acl.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge, BridgeSettings } from '../bridge.ts';
import { knownPicture } from '../pictures.ts';
import { forgottenAmong } from '../people/desired-ghost.ts';
import type { ReadSet } from '../people/read-set.ts';
import { resolvePeople, type ResolvedPeople } from '../people/resolve-people.ts';
import { careTeamDefinition } from './care-team.ts';
import { requestDefinition } from './communication-request.ts';
import type { Definition, Placement, SpaceOf } from './definition.ts';
import { entryOf } from './open-to-space.ts';
import { titleFactsOf } from './title-facts.ts';

/** What FHIR wants of a room. */
export interface RoomSpec extends Pick<
  Definition,
  'reference' | 'versionId' | 'kind' | 'subject' | 'firstMessage' | 'authoredAt'
> {
  /** Whether a room that is not there is to be made. */
  readonly make: boolean;
  readonly placement: Placement | undefined;
  readonly people: ResolvedPeople;
  /** All that this was made from, with the stamps of the versions as read. */
  readonly dependencies: ReadonlySet<Dependency>;
  readonly stamps: ReadonlyMap<FhirReference, string | undefined>;
  /** The phases to which the room is brought, in order: one that is an archive from the start opens for its first message. */
  readonly phases: readonly [Phase, ...Phase[]];
  /** The desired room, which may depend on what is in the actual one. */
  readonly desiredFor: (actual: readonly ActualState[], phase: Phase) => Promise<DesiredRoom>;
}

/** Reads a CareTeam or CommunicationRequest. @returns undefined where it is gone */
export async function readDefinition(
  reads: ReadSet,
  reference: FhirReference,
): Promise<Definition | undefined> {
  await reads.read([reference]);
  const resource = reads.find(reference);
  switch (resource?.resourceType) {
    case 'CareTeam':
      return careTeamDefinition(resource);
    case 'CommunicationRequest':
      return requestDefinition(resource);
    default:
      return undefined;
  }
}

/** What a resource wants, in the space where it stands already. Reads only. @returns undefined where it is gone */
export async function readRoomSpec(
  bridge: Bridge,
  reads: ReadSet,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<RoomSpec | undefined> {
  const { store, db } = bridge;
  const definition = await readDefinition(reads, reference);
  if (definition === undefined) return undefined;
  const row = await store.rooms.findRoom(db, reference);
  const pictureOf = (drawing: Drawing) => knownPicture(bridge, drawing);
  return roomSpecOf(bridge, definition, { row, reads, spaceOf: madeSpaceOf(bridge), pictureOf }, signal);
}

/** Finds spaces that are there, and makes none. */
export function madeSpaceOf({ store, db }: Pick<Bridge, 'db' | 'store'>): SpaceOf {
  return async (careTeam) => (await store.rooms.findRoom(db, careTeam))?.roomId;
}

/** What a spec is made with besides the definition. */
interface Sources {
  /** Of its room, if there is one. */
  readonly row: RoomRow | undefined;
  readonly reads: ReadSet;
  readonly spaceOf: SpaceOf;
  readonly pictureOf: (drawing: Drawing) => Promise<string>;
}

/** What a resource that was read wants. */
export async function roomSpecOf(
  bridge: Bridge,
  definition: Definition,
  { row, reads, spaceOf, pictureOf }: Sources,
  signal: AbortSignal,
): Promise<RoomSpec> {
  const { reference, versionId, kind, subject, wanted, firstMessage, authoredAt } = definition;
  const { settings } = bridge;
  const placement = await definition.place(reads, row?.careTeam, spaceOf);
  const team = definition.team(placement);
  const leftOut = wanted.phase === 'open' ? undefined : forgottenOutside(bridge, reference);
  const named = { ...definition.people(bridge.clock.now().getTime()), team, ...(leftOut && { leftOut }) };
  const people = await resolvePeople(bridge, reads, named, signal);
  const isUnread = wanted.make && row?.ready !== true && firstMessage !== undefined;
  const titleFacts = await titleFactsOf(bridge, reads, definition, { row, placement, people });
  const stamps = new Map(reads.stamps());
  // That the resource itself changed meanwhile, its own next item tells.
  stamps.delete(reference);
  const drawing = team && teamDrawing(referenceTo('CareTeam', team.id), settings.pseudonymizationKey);
  return {
    ...{ reference, versionId, kind, subject, placement, firstMessage, authoredAt, people, stamps },
    make: wanted.make,
    dependencies: reads.dependencies(),
    phases: isUnread && wanted.phase === 'read-only' ? ['open', wanted.phase] : [wanted.phase],
    desiredFor: async (actual, phase) => {
      const { members } = people;
      const entry = await entryOf(bridge, definition, { placement, members, row }, signal);
      const picture = drawing && settings.teamPictures ? await pictureOf(drawing) : undefined;
      const confines = confinesOf(settings, members, actual);
      const circumstances = { phase, members, placement, entry, confines, titleFacts, picture, actual };
      return definition.desired(bridge, circumstances);
    },
  };
}

/**
 * Who was forgotten comes back where an open space or room names them, and stays there when it is closed; but what is over already
 * names people for ever.
 */
function forgottenOutside(
  { db, settings, store }: Pick<Bridge, 'db' | 'settings' | 'store'>,
  room: FhirReference,
): (people: readonly FhirReference[]) => Promise<ReadonlySet<FhirReference>> {
  return async (people) => {
    const forgotten = [...(await forgottenAmong({ db, settings, store }, people)).keys()];
    if (forgotten.length === 0) return new Set();
    const inside = await store.roomMembers.findPeopleIn(db, room, forgotten);
    return new Set(forgotten.filter((person) => !inside.has(person)));
  };
}

/** Where strangers of any server may stay, none is kept out. */
function confinesOf(
  { trustedServers, strangers, historyVisibility: history }: BridgeSettings,
  members: readonly DesiredMember[],
  actual: readonly ActualState[],
): Confines {
  const isOpen = strangers.fromOtherServers !== 'remove';
  return { history, servers: isOpen ? 'all' : serversOfRoom(trustedServers, members, actual) };
}
