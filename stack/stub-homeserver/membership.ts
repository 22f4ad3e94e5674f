// Members: inviting, joining, leaving, removing and banning; each is a member event that the auth rules allow or not.
import { isDeepStrictEqual } from 'node:util';
import type { Call, Reply } from './requests.ts';
import { ok, param } from './requests.ts';
import { checkAllowed } from './auth-rules.ts';
import { MatrixFailure, forbidden } from './failure.ts';
import type { Content, EventDraft, Room, StoredEvent, World } from './world.ts';
import { appendEvent, contentOf, membershipOf, stateKeyOf } from './world.ts';

/** What is done to a member. */
type Action = 'invite' | 'join' | 'leave' | 'kick' | 'ban' | 'unban';

interface Change {
  readonly sender: string;
  readonly target: string;
  readonly action: Action;
  /** What else the event is to say. */
  readonly content?: Content | undefined;
}

/**
 * Changes a membership. One that says the same by the same sender is the event that there is.
 * @throws MatrixFailure when it is not allowed, or there is no such room
 */
export function changeMembership(world: World, roomId: string, change: Change): StoredEvent {
  const { sender, target, action } = change;
  const room = roomToChange(world, roomId, change);
  const before = room.state.get(stateKeyOf('m.room.member', target));
  const membership = action === 'kick' || action === 'unban' ? 'leave' : action;
  checkTransition(before, action);
  const content = {
    ...(membership === 'invite' || membership === 'join' ? profileOf(world, target) : {}),
    ...change.content,
    ...(action === 'join' && letInBy(world, room, { target, now: before?.content['membership'] })),
    membership,
  };
  if (before?.sender === sender && isDeepStrictEqual(before.content, content)) return before;
  const draft: EventDraft = { type: 'm.room.member', sender, state_key: target, content };
  checkAllowed(room, draft);
  return appendEvent(world, room, draft);
}

/** A restricted room lets in the members of another; the event says in whose name. */
function letInBy(world: World, room: Room, { target, now }: { target: string; now: unknown }): Content {
  const { join_rule: rule, allow } = contentOf(room, 'm.room.join_rules') ?? {};
  if (rule !== 'restricted' || !Array.isArray(allow) || now === 'join' || now === 'invite') return {};
  const isAllowed = allow.some((condition: unknown) => {
    const { room_id: id } = condition as { room_id?: unknown };
    const other = typeof id === 'string' ? world.rooms.get(id) : undefined;
    return other !== undefined && membershipOf(other, target) === 'join';
  });
  const create = room.state.get(stateKeyOf('m.room.create', ''));
  return isAllowed && create !== undefined ? { join_authorised_via_users_server: create.sender } : {};
}

/** `POST /rooms/{roomId}/{invite, kick, ban or unban}` */
export function changeOther(action: Action) {
  return (call: Call): Reply => {
    const { world, requester, body } = call;
    const { user_id: target } = body;
    if (typeof target !== 'string' || !/^@[^:]*:./.test(target))
      throw new MatrixFailure(400, 'M_INVALID_PARAM', 'Expected a user id');
    changeMembership(world, param(call, 'roomId'), {
      sender: requester.userId,
      target,
      action,
      content: reasonIn(body),
    });
    return ok();
  };
}

/** `POST /rooms/{roomId}/join` and `POST /join/{roomIdOrAlias}` */
export function join(call: Call): Reply {
  const { world, requester, body } = call;
  const named = param(call, 'roomId');
  const roomId = named.startsWith('#') ? world.aliases.get(named) : named;
  if (roomId === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', `Room alias ${named} not found`);
  const { userId } = requester;
  changeMembership(world, roomId, {
    sender: userId,
    target: userId,
    action: 'join',
    content: reasonIn(body),
  });
  return ok({ room_id: roomId });
}

/** `POST /rooms/{roomId}/leave` */
export function leave(call: Call): Reply {
  const { world, requester, body } = call;
  const { userId } = requester;
  const change: Change = { sender: userId, target: userId, action: 'leave', content: reasonIn(body) };
  changeMembership(world, param(call, 'roomId'), change);
  return ok();
}

/** What a member event tells of a user's profile. */
export function profileOf(world: World, userId: string): Content {
  const user = world.users.get(userId);
  return {
    ...(user?.displayName !== undefined && { displayname: user.displayName }),
    ...(user?.avatarUrl !== undefined && { avatar_url: user.avatarUrl }),
  };
}

/** A room without events is one that nobody is in: joining it asks servers that do not know it. */
function roomToChange(world: World, roomId: string, { sender, action }: Change): Room {
  const room = world.rooms.get(roomId);
  if (room !== undefined && room.timeline.length > 0) return room;
  if (action === 'join') throw new MatrixFailure(404, 'M_UNKNOWN', 'No known server is in that room');
  throw forbidden(`${sender} is not in the room`);
}

/** What a homeserver refuses before it asks the auth rules. */
function checkTransition(before: StoredEvent | undefined, action: Action): void {
  const now = before?.content['membership'];
  if (action === 'unban' && now !== 'ban') throw new MatrixFailure(403, 'M_BAD_STATE', 'They are not banned');
  if (now === 'ban' && !['ban', 'unban', 'leave'].includes(action))
    throw new MatrixFailure(403, 'M_BAD_STATE', 'They are banned');
  if (action === 'kick' && (now === undefined || now === 'leave'))
    throw forbidden('They are not in the room');
}

function reasonIn({ reason }: Content): Content | undefined {
  return typeof reason === 'string' ? { reason } : undefined;
}
