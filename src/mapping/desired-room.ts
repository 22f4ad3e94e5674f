// Desired state: the space of a CareTeam and the room of a CommunicationRequest, as createRoom would take them.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { PowerLevels, StateEvent } from '../domain/matrix.ts';
import { aliasLocalpartOf } from './aliases.ts';
import { powerLevels } from './power-levels.ts';

/** A member as the FHIR side wants them: a person's own account is invited, a ghost is made to join. */
export interface DesiredMember {
  readonly reference: FhirReference;
  readonly userId: MatrixUserId;
  readonly kind: 'user' | 'ghost';
  readonly displayName: string;
  readonly level: number;
}

/** What a room is to look like. */
export interface DesiredRoom {
  readonly reference: FhirReference;
  readonly kind: 'space' | 'conversation';
  readonly aliasLocalpart: string;
  readonly roomVersion: string;
  /** State besides power levels, in the form of createRoom's `initial_state`. */
  readonly state: readonly StateEvent[];
  readonly powerLevels: PowerLevels;
  readonly members: readonly DesiredMember[];
}

/** Names as the operator configured them. They hold no patient data: the only variable is `{date}`. */
export interface RoomNames {
  readonly space: string;
  readonly conversation: string;
}

interface Surroundings {
  readonly bot: MatrixUserId;
  readonly roomVersion: string;
  readonly names: RoomNames;
}

/** The space of a CareTeam. */
export function desiredSpace(
  reference: FhirReference,
  members: readonly DesiredMember[],
  around: Surroundings,
): DesiredRoom {
  return {
    ...roomOf('space', reference, members, around),
    state: [stateEvent('m.room.name', { name: around.names.space }), ...closedRoomState()],
  };
}

/**
 * The room of a CommunicationRequest.
 * @param authoredOn the request's date, for the `{date}` in the name; left out of the name when absent
 * @param space the care team's space, and the server through which it is reached
 */
export function desiredConversation(
  reference: FhirReference,
  members: readonly DesiredMember[],
  around: Surroundings,
  {
    authoredOn,
    space,
  }: { authoredOn?: string | undefined; space?: { roomId: RoomId; via: string } | undefined },
): DesiredRoom {
  const name = around.names.conversation.replace('{date}', authoredOn?.slice(0, 10) ?? '').trim();
  return {
    ...roomOf('conversation', reference, members, around),
    state: [
      stateEvent('m.room.name', { name }),
      ...closedRoomState(),
      ...(space === undefined ? [] : [spaceParent(space.roomId, space.via)]),
    ],
  };
}

/** The state event in a space that lists a room as its child (Matrix specification, "Spaces"). */
export function spaceChild(roomId: RoomId, via: string): StateEvent {
  return stateEvent('m.space.child', { via: [via], suggested: true }, roomId);
}

function spaceParent(spaceId: RoomId, via: string): StateEvent {
  return stateEvent('m.space.parent', { via: [via], canonical: true }, spaceId);
}

function roomOf(
  kind: DesiredRoom['kind'],
  reference: FhirReference,
  members: readonly DesiredMember[],
  { bot, roomVersion }: Surroundings,
): Omit<DesiredRoom, 'state'> {
  return {
    reference,
    kind,
    aliasLocalpart: aliasLocalpartOf(reference),
    roomVersion,
    powerLevels: powerLevels(kind, { roomVersion, bot, people: members }),
    members,
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
