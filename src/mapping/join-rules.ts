// Who may come into a room without an invitation: no one, or the members of the team's space.
import type { RoomId } from '../domain/ids.ts';
import type { StateEvent } from '../domain/matrix.ts';

/** The first room version with `restricted`. https://spec.matrix.org/v1.19/rooms/v8/ */
const FIRST_RESTRICTED = 8;
const ONLY_INVITED: StateEvent['content'] = { join_rule: 'invite' };

/**
 * The content of `m.room.join_rules`.
 * https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms
 * @param space whose members may join; undefined lets in only those who are invited
 */
export function joinRules(space: RoomId | undefined): StateEvent['content'] {
  if (space === undefined) return ONLY_INVITED;
  return { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] };
}

/** A state event as a room of this version can have it: older ones know no restricted rooms. */
export function inVersion<Event extends Pick<StateEvent, 'type' | 'content'>>(
  event: Event,
  roomVersion: string,
): Event {
  const isKnown = Number.parseInt(roomVersion, 10) >= FIRST_RESTRICTED;
  return event.type === 'm.room.join_rules' && !isKnown ? { ...event, content: ONLY_INVITED } : event;
}

/** Whether the content of `m.room.join_rules` lets in members of another room. */
export function isRestricted(content: StateEvent['content'] | undefined): boolean {
  return content?.['join_rule'] === 'restricted';
}

/**
 * Whether the content of a join says that the user came in by the room's own rule: the homeserver writes there who let them in.
 * https://spec.matrix.org/v1.19/client-server-api/#mroommember
 */
export function cameByJoinRule(content: StateEvent['content'] | undefined): boolean {
  return (
    content?.['membership'] === 'join' && typeof content['join_authorised_via_users_server'] === 'string'
  );
}
