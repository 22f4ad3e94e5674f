// The state of rooms: reading it, and setting it.
import { isDeepStrictEqual } from 'node:util';
import type { Call, Reply } from './requests.ts';
import { ok, param } from './requests.ts';
import { checkAllowed, checkJoined } from './auth-rules.ts';
import { MatrixFailure, forbidden } from './failure.ts';
import { changeMembership } from './membership.ts';
import type { Content, EventDraft, Room, StoredEvent, World } from './world.ts';
import { appendEvent, clientEvent, membershipOf, stateKeyOf } from './world.ts';

/** `GET /rooms/{roomId}/state` */
export function readState(call: Call): Reply {
  return ok([...visibleState(call).values()].map(clientEvent));
}

/** `GET /rooms/{roomId}/state/{type}/{key}` */
export function readStateEvent(call: Call): Reply {
  const found = visibleState(call).get(stateKeyOf(param(call, 'type'), param(call, 'key')));
  if (found === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', 'Event not found.');
  return ok(found.content);
}

/** `PUT /rooms/{roomId}/state/{type}/{key}` */
export function putState(call: Call): Reply {
  const { world, requester, body, query } = call;
  const draft: EventDraft = {
    type: param(call, 'type'),
    sender: requester.userId,
    state_key: param(call, 'key'),
    content: body,
  };
  if (draft.type === 'm.room.create')
    throw new MatrixFailure(400, 'M_INVALID_PARAM', 'Cannot resend m.room.create event');
  const roomId = param(call, 'roomId');
  const event =
    draft.type === 'm.room.member'
      ? putMember(world, roomId, draft)
      : putOther(world, world.rooms.get(roomId), draft, timestampIn(query));
  return ok({ event_id: event.event_id });
}

/** The query's `ts`: the time an appservice wants to be shown. */
export function timestampIn(query: URLSearchParams): number | undefined {
  const given = query.get('ts');
  return given === null ? undefined : Number(given);
}

function putMember(world: World, roomId: string, draft: EventDraft): StoredEvent {
  const { membership, ...content } = draft.content;
  if (typeof membership !== 'string')
    throw new MatrixFailure(400, 'M_UNKNOWN', 'Invalid membership (must be a string)');
  if (membership !== 'invite' && membership !== 'join' && membership !== 'leave' && membership !== 'ban')
    throw new MatrixFailure(400, 'M_UNKNOWN', 'Invalid membership key');
  const { sender, state_key: target = '' } = draft;
  return changeMembership(world, roomId, { sender, target, action: membership, content });
}

/** What says the same by the same sender is the event that there is. */
function putOther(
  world: World,
  room: Room | undefined,
  draft: EventDraft,
  timestamp: number | undefined,
): StoredEvent {
  checkJoined(room, draft.sender);
  const before = room.state.get(stateKeyOf(draft.type, draft.state_key ?? ''));
  if (before?.sender === draft.sender && isDeepStrictEqual(before.content, draft.content)) return before;
  if (draft.type === 'm.room.canonical_alias') checkAliases(world, room, draft.content, before?.content);
  if (draft.type === 'm.room.server_acl') checkServers(world, draft.content);
  checkAllowed(room, draft);
  return appendEvent(world, room, draft, timestamp);
}

/** Aliases that are newly named must point at the room. */
function checkAliases(world: World, room: Room, content: Content, before: Content | undefined): void {
  const known = new Set(aliasesIn(before));
  const wrong = aliasesIn(content).find(
    (alias) => !known.has(alias) && world.aliases.get(alias) !== room.roomId,
  );
  if (wrong !== undefined) throw new MatrixFailure(400, 'M_BAD_ALIAS', `${wrong} does not point at the room`);
}

/** A list of servers must name one's own, as Synapse compares it: whole, with its port. Patterns but `*` are not modelled. */
function checkServers({ serverName }: World, { allow }: Content): void {
  const names: readonly unknown[] = Array.isArray(allow) ? allow : [];
  if (!names.includes('*') && !names.includes(serverName))
    throw new MatrixFailure(400, 'M_UNKNOWN', "Can't create an ACL event that denies the local server");
}

function aliasesIn(content: Content | undefined): readonly string[] {
  const { alias, alt_aliases: others } = content ?? {};
  return [alias, ...(Array.isArray(others) ? (others as unknown[]) : [])].filter(
    (named) => typeof named === 'string',
  );
}

/** Who has left sees the state as it was then. */
function visibleState({ world, requester, params }: Call): ReadonlyMap<string, StoredEvent> {
  const room = world.rooms.get(params['roomId'] ?? '');
  const membership = room && membershipOf(room, requester.userId);
  if (room === undefined || (membership !== 'join' && membership !== 'leave'))
    throw forbidden(`${requester.userId} is not in the room, and previews are disabled`);
  if (membership === 'join') return room.state;
  const left = room.state.get(stateKeyOf('m.room.member', requester.userId))?.position ?? 0;
  const then = new Map<string, StoredEvent>();
  for (const event of room.timeline) {
    if (event.position > left) break;
    if (event.state_key !== undefined) then.set(stateKeyOf(event.type, event.state_key), event);
  }
  return then;
}
