// Desired state: the space of a CareTeam and the room of a CommunicationRequest, as the FHIR side wants them.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { StateEvent } from '../domain/matrix.ts';
import { aliasLocalpartOf } from './aliases.ts';
import type { Phase } from './phases.ts';

/** A member as the FHIR side wants them: the bridge invites a person's own account, and makes a ghost join. */
export interface DesiredMember {
  /** The person. Several roles of one Practitioner are the Practitioner. */
  readonly reference: FhirReference;
  readonly userId: MatrixUserId;
  readonly kind: 'user' | 'ghost';
  readonly level: number;
  /** Accounts that the person had before. They leave as soon as this one has joined. */
  readonly formerUserIds: readonly MatrixUserId[];
  /** The relay ghost of a person with their own account: it sends what their platform writes. It may be in the room. */
  readonly relayGhost?: MatrixUserId | undefined;
  /** Content of the ghost's `custom.user_mappings`; undefined if it is not written. */
  readonly userMapping?: Readonly<Record<string, unknown>> | undefined;
}

/** What a room is to look like. */
export interface DesiredRoom {
  readonly reference: FhirReference;
  readonly kind: 'space' | 'conversation';
  readonly phase: Phase;
  readonly aliasLocalpart: string;
  /** The version for a room that does not exist yet. */
  readonly roomVersion: string;
  /** State besides power levels, in the form of createRoom's `initial_state`. */
  readonly state: readonly StateEvent[];
  /** Everyone who belongs in it; empty when it is closed. */
  readonly members: readonly DesiredMember[];
}

/** The name and topic of a room, without patient data (`mapping/room-names.ts`). */
export interface RoomTitle {
  readonly name: string;
  readonly topic: string;
}

/** No one comes in or reads along without an invitation. */
const CLOSED_TO_THE_PUBLIC: readonly StateEvent[] = [
  stateEvent('m.room.join_rules', { join_rule: 'invite' }),
  stateEvent('m.room.history_visibility', { history_visibility: 'shared' }),
  stateEvent('m.room.guest_access', { guest_access: 'forbidden' }),
];

/** What spaces and conversations have in common. */
interface Basis {
  readonly phase: Phase;
  readonly roomVersion: string;
  readonly title: RoomTitle;
  readonly members: readonly DesiredMember[];
}

/**
 * The space of a CareTeam.
 * @param children the rooms to list in it, and the rooms to take off the list because they were replaced or given up
 */
export function desiredSpace(
  reference: FhirReference,
  basis: Basis,
  children: {
    readonly listed: readonly RoomId[];
    readonly unlisted: readonly RoomId[];
    readonly via: string;
  },
): DesiredRoom {
  const listed = new Set(children.listed);
  const unlisted = new Set(children.unlisted.filter((roomId) => !listed.has(roomId)));
  return roomOf('space', reference, basis, [
    ...[...listed].map((roomId) => spaceChild(roomId, children.via)),
    // A child without `via` counts as not listed.
    ...[...unlisted].map((roomId) => stateEvent('m.space.child', {}, roomId)),
  ]);
}

/**
 * The room of a CommunicationRequest.
 * @param space the care team's space, and the server through which it is reached
 * @param formerSpaces spaces to which it no longer belongs
 */
export function desiredConversation(
  reference: FhirReference,
  basis: Basis,
  space: { readonly roomId: RoomId; readonly via: string } | undefined,
  formerSpaces: readonly RoomId[] = [],
): DesiredRoom {
  return roomOf('conversation', reference, basis, [
    ...(space === undefined
      ? []
      : [stateEvent('m.space.parent', { via: [space.via], canonical: true }, space.roomId)]),
    ...formerSpaces.map((spaceId) => stateEvent('m.space.parent', {}, spaceId)),
  ]);
}

/** The state event that lists a room in a space. https://spec.matrix.org/v1.19/client-server-api/#mspacechild */
export function spaceChild(roomId: RoomId, via: string): StateEvent {
  return stateEvent('m.space.child', { via: [via], suggested: true }, roomId);
}

/** Whether a state event means the same as no event: an empty topic, a child that is not listed. */
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

/**
 * The texts of a topic: the plain one, and those of its rich form, which some clients write (`m.topic`).
 * https://spec.matrix.org/v1.19/client-server-api/#mroomtopic
 */
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

function roomOf(
  kind: DesiredRoom['kind'],
  reference: FhirReference,
  { phase, roomVersion, title, members }: Basis,
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
      ...CLOSED_TO_THE_PUBLIC,
      ...links,
    ],
    members: phase === 'closed' ? [] : members,
  };
}

function stateEvent(type: string, content: StateEvent['content'], stateKey = ''): StateEvent {
  return { type, state_key: stateKey, content };
}
