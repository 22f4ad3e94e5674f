// Desired state: the space of a CareTeam and the room of a CommunicationRequest, as the FHIR side wants them.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { StateEvent } from '../domain/matrix.ts';
import { aliasLocalpartOf } from './aliases.ts';
import type { Phase } from './phases.ts';

/** A member as the FHIR side wants them: a person's own account is invited, a ghost is made to join. */
export interface DesiredMember {
  /** The person: of several roles of one Practitioner, the Practitioner. */
  readonly reference: FhirReference;
  readonly userId: MatrixUserId;
  readonly kind: 'user' | 'ghost';
  readonly level: number;
  /** Accounts the person had before this one: they leave as soon as this one has joined. */
  readonly formerUserIds: readonly MatrixUserId[];
  /** The ghost that speaks for a person with an account of their own, when their platform does; it may be in the room. */
  readonly voice?: MatrixUserId | undefined;
  /** Content of the ghost's `custom.user_mappings`; none where it is not to be written. */
  readonly userMapping?: Readonly<Record<string, unknown>> | undefined;
}

/** What a room is to look like. */
export interface DesiredRoom {
  readonly reference: FhirReference;
  readonly kind: 'space' | 'conversation';
  readonly phase: Phase;
  readonly aliasLocalpart: string;
  /** The version of the room if it is yet to be made. */
  readonly roomVersion: string;
  /** State besides power levels, in the form of createRoom's `initial_state`. */
  readonly state: readonly StateEvent[];
  /** Everyone who is to be in it; nobody when it is closed. */
  readonly members: readonly DesiredMember[];
}

/** The name and topic of a room, without patient data (`mapping/room-names.ts`). */
export interface RoomTitle {
  readonly name: string;
  readonly topic: string;
}

interface Wishes {
  readonly phase: Phase;
  readonly roomVersion: string;
  readonly title: RoomTitle;
  readonly members: readonly DesiredMember[];
}

/**
 * The space of a CareTeam.
 * @param children the rooms to be listed in it, and those whose place was taken or given up, which are not
 */
export function desiredSpace(
  reference: FhirReference,
  wishes: Wishes,
  children: {
    readonly listed: readonly RoomId[];
    readonly unlisted: readonly RoomId[];
    readonly via: string;
  },
): DesiredRoom {
  const listed = new Set(children.listed);
  const unlisted = new Set(children.unlisted.filter((roomId) => !listed.has(roomId)));
  return roomOf('space', reference, wishes, [
    ...[...listed].map((roomId) => spaceChild(roomId, children.via)),
    ...[...unlisted].map(noSpaceChild),
  ]);
}

/**
 * The room of a CommunicationRequest.
 * @param space the care team's space, and the server through which it is reached
 * @param formerSpaces spaces in which it stands no more
 */
export function desiredConversation(
  reference: FhirReference,
  wishes: Wishes,
  space: { readonly roomId: RoomId; readonly via: string } | undefined,
  formerSpaces: readonly RoomId[] = [],
): DesiredRoom {
  return roomOf('conversation', reference, wishes, [
    ...(space === undefined ? [] : [spaceParent(space.roomId, space.via)]),
    ...formerSpaces.map(noSpaceParent),
  ]);
}

/** The state event in a space that lists a room as its child (Matrix specification, "Spaces"). */
export function spaceChild(roomId: RoomId, via: string): StateEvent {
  return stateEvent('m.space.child', { via: [via], suggested: true }, roomId);
}

/** Takes a room off the space's list: a child without `via` is none (Matrix specification, "Spaces"). */
function noSpaceChild(roomId: RoomId): StateEvent {
  return stateEvent('m.space.child', {}, roomId);
}

/** Tells whether a state event says as much as none: an empty topic, a child that is not listed. */
export function isBlank({ type, content }: Pick<StateEvent, 'type' | 'content'>): boolean {
  switch (type) {
    case 'm.room.topic':
      return topicsOf(content).every((topic) => topic === '');
    case 'm.space.child':
    case 'm.space.parent':
      return !Array.isArray(content['via']) || content['via'].length === 0;
    default:
      return false;
  }
}

function noSpaceParent(spaceId: RoomId): StateEvent {
  return stateEvent('m.space.parent', {}, spaceId);
}

/** What a topic says, in each of its forms: plain, and rich where a client wrote it so (`m.topic`, MSC3765). */
export function topicsOf(content: StateEvent['content']): readonly unknown[] {
  const rich = content['m.topic'];
  const forms: unknown =
    typeof rich === 'object' && rich !== null && 'm.text' in rich ? rich['m.text'] : undefined;
  return [
    content['topic'] ?? '',
    ...(Array.isArray(forms) ? forms.map((form: unknown) => bodyOf(form)) : []),
  ];
}

function bodyOf(form: unknown): unknown {
  return typeof form === 'object' && form !== null && 'body' in form ? form.body : undefined;
}

function spaceParent(spaceId: RoomId, via: string): StateEvent {
  return stateEvent('m.space.parent', { via: [via], canonical: true }, spaceId);
}

function roomOf(
  kind: DesiredRoom['kind'],
  reference: FhirReference,
  { phase, roomVersion, title, members }: Wishes,
  links: readonly StateEvent[],
): DesiredRoom {
  return {
    reference,
    kind,
    phase,
    aliasLocalpart: aliasLocalpartOf(reference),
    roomVersion,
    state: [
      stateEvent('m.room.name', { name: title.name }),
      stateEvent('m.room.topic', { topic: title.topic }),
      ...closedRoomState(),
      ...links,
    ],
    members: phase === 'closed' ? [] : members,
  };
}

function closedRoomState(): StateEvent[] {
  return [
    stateEvent('m.room.join_rules', { join_rule: 'invite' }),
    stateEvent('m.room.history_visibility', { history_visibility: 'shared' }),
    stateEvent('m.room.guest_access', { guest_access: 'forbidden' }),
  ];
}

function stateEvent(type: string, content: StateEvent['content'], stateKey = ''): StateEvent {
  return { type, state_key: stateKey, content };
}
