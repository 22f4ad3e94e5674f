// Desired state: the space of a CareTeam and the room of a CommunicationRequest, as the FHIR side wants them.
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { StateEvent } from '../domain/matrix.ts';
import { childOrder, type ChildPlace } from './child-order.ts';
import { joinRules } from './join-rules.ts';
import type { Phase } from './phases.ts';
import { letsAllIn, serverAcl, type AllowedServers } from './server-acl.ts';

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
  /** State besides power levels, in the form of createRoom's `initial_state`. */
  readonly state: readonly StateEvent[];
  /** Everyone who belongs in it; empty when it is closed. */
  readonly members: readonly DesiredMember[];
  readonly entry: Entry;
}

/** Who may join a room without an invitation. */
export type Entry =
  /** No one joins without an invitation. */
  | { readonly kind: 'invited' }
  /** The members of the team's space: these, among them those who were invited to it. */
  | { readonly kind: 'open'; readonly to: ReadonlySet<string> }
  /** No one joins without an invitation, as long as a user is in the space who does not belong in the room. */
  | { readonly kind: 'kept-closed' };

/** The name and topic of a room, without patient data (`mapping/room-names.ts`). */
export interface RoomTitle {
  readonly name: string;
  readonly topic: string;
}

/** Who may take part and read: the same in all rooms, but for the servers of their members. */
export interface Confines {
  readonly servers: AllowedServers;
  /**
   * What a member may read of the time before they came: all, or from their invitation or joining on.
   * https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
   */
  readonly history: 'shared' | 'invited' | 'joined';
}

const ONLY_INVITED: Entry = { kind: 'invited' };

/** What spaces and conversations have in common. */
interface Basis {
  readonly phase: Phase;
  readonly title: RoomTitle;
  /** The `mxc://` URI of the team's picture; undefined leaves the room's picture as it is. */
  readonly picture?: string | undefined;
  readonly members: readonly DesiredMember[];
  readonly confines: Confines;
}

/** A team's space, as its conversations know it. */
export interface SpaceOfRoom {
  readonly roomId: RoomId;
  /** The server through which it is reached. */
  readonly via: string;
  /** How the conversation is entered. */
  readonly entry: Entry;
}

/**
 * The space of a CareTeam.
 * @param children the rooms to list in it, and the rooms to take off the list because they were replaced or given up
 */
export function desiredSpace(
  reference: FhirReference,
  basis: Basis,
  children: {
    readonly listed: readonly (ChildPlace & { readonly roomId: RoomId })[];
    readonly unlisted: readonly RoomId[];
    readonly via: string;
  },
): DesiredRoom {
  const listed = new Map(children.listed.map((child) => [child.roomId, child]));
  const unlisted = new Set(children.unlisted.filter((roomId) => !listed.has(roomId)));
  return roomOf('space', reference, basis, [
    stateEvent('m.room.join_rules', joinRules(undefined)),
    ...[...listed].map(([roomId, place]) => spaceChild(roomId, children.via, place)),
    // A child without `via` counts as not listed.
    ...[...unlisted].map((roomId) => stateEvent('m.space.child', {}, roomId)),
  ]);
}

/**
 * The room of a CommunicationRequest.
 * @param space the care team's space
 * @param formerSpaces spaces to which it no longer belongs
 */
export function desiredConversation(
  reference: FhirReference,
  basis: Basis,
  space: SpaceOfRoom | undefined,
  formerSpaces: readonly RoomId[] = [],
): DesiredRoom {
  const entry = basis.phase === 'closed' || space === undefined ? ONLY_INVITED : space.entry;
  const room = roomOf('conversation', reference, basis, [
    stateEvent('m.room.join_rules', joinRules(entry.kind === 'open' ? space?.roomId : undefined)),
    ...(space === undefined
      ? []
      : [stateEvent('m.space.parent', { via: [space.via], canonical: true }, space.roomId)]),
    ...formerSpaces.map((spaceId) => stateEvent('m.space.parent', {}, spaceId)),
  ]);
  return { ...room, entry };
}

/** The state event that lists a room in a space; without a place as long as it has no number. https://spec.matrix.org/v1.19/client-server-api/#mspacechild */
export function spaceChild(roomId: RoomId, via: string, place?: ChildPlace): StateEvent {
  const order = place && { order: childOrder(place) };
  return stateEvent('m.space.child', { via: [via], ...order, suggested: true }, roomId);
}

/** The same room as one of a user’s making: who may come into it, its maker decides, and the bridge opens it to no one. */
export function onlyInvited(desired: DesiredRoom): DesiredRoom {
  const state = desired.state.map((event) =>
    event.type === 'm.room.join_rules' ? { ...event, content: joinRules(undefined) } : event,
  );
  return { ...desired, state, entry: ONLY_INVITED };
}

/** Whether a state event means the same as no event: an empty topic, a child that is not listed, a list that keeps no server out. */
export function isBlank({ type, content }: Pick<StateEvent, 'type' | 'content'>): boolean {
  switch (type) {
    case 'm.room.topic':
      return topicsOf(content).every((topic) => topic === '');
    case 'm.room.server_acl':
      return letsAllIn(content);
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
  { phase, title, picture, members, confines }: Basis,
  rules: readonly StateEvent[],
): DesiredRoom {
  return {
    reference,
    kind,
    phase,
    state: [
      stateEvent('m.room.name', { name: title.name }),
      stateEvent('m.room.topic', { topic: title.topic }),
      ...(picture === undefined ? [] : [stateEvent('m.room.avatar', { url: picture })]),
      // No one reads along who is not a member.
      stateEvent('m.room.history_visibility', { history_visibility: confines.history }),
      stateEvent('m.room.guest_access', { guest_access: 'forbidden' }),
      stateEvent('m.room.server_acl', serverAcl(confines.servers)),
      ...rules,
    ],
    members: phase === 'closed' ? [] : members,
    entry: ONLY_INVITED,
  };
}

function stateEvent(type: string, content: StateEvent['content'], stateKey = ''): StateEvent {
  return { type, state_key: stateKey, content };
}
