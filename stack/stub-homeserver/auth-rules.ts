// What a user may do in a room: the authorization rules of room versions 11 and 12 (Matrix specification, "Rooms").
//
// Not modelled: join rules other than `invite`, `public` and `restricted`, third-party invites, redaction of state.
import type { Content, EventDraft, Room } from './world.ts';
import { contentOf, creatorsArePrivileged, membershipOf, stateKeyOf } from './world.ts';
import { MatrixFailure, forbidden } from './failure.ts';

const NAMED_LEVELS = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'];
const LEVEL_MAPS = ['users', 'events', 'notifications'];

/** Checks an event against the room's current state. @throws MatrixFailure when it is not allowed */
export function checkAllowed(room: Room, draft: EventDraft): void {
  if (draft.type === 'm.room.member') {
    checkMembership(room, draft);
    return;
  }
  checkJoined(room, draft.sender);
  const needed = levelToSend(room, draft);
  if (levelOf(room, draft.sender) < needed) throw forbidden('Too little power to send that');
  const { state_key: key } = draft;
  if (key?.startsWith('@') === true && key !== draft.sender)
    throw forbidden('That state belongs to another user');
  if (draft.type === 'm.room.power_levels') checkPowerLevels(room, draft);
}

/** @throws MatrixFailure unless the event is the user's own, or they have the level to redact others' */
export function checkMayRedact(room: Room, userId: string, { sender }: EventDraft): void {
  if (sender !== userId && levelOf(room, userId) < namedLevel(room, 'redact'))
    throw forbidden('Too little power to redact that');
}

/** @throws MatrixFailure unless the user is in the room */
export function checkJoined(room: Room | undefined, userId: string): asserts room is Room {
  if (room === undefined || membershipOf(room, userId) !== 'join')
    throw forbidden(`${userId} is not in the room`);
}

/** A user's level in a room. */
export function levelOf(room: Room, userId: string): number {
  const create = room.state.get(stateKeyOf('m.room.create', ''));
  const isCreator = create?.sender === userId || additionalCreators(create?.content).includes(userId);
  if (isCreator && creatorsArePrivileged(room.version)) return Number.POSITIVE_INFINITY;
  const levels = contentOf(room, 'm.room.power_levels');
  if (levels === undefined) return create?.sender === userId ? 100 : 0;
  return numbers(levels['users'])[userId] ?? numberOr(levels['users_default'], 0);
}

/** The other creators that a create event names. */
export function additionalCreators(create: Content | undefined): readonly string[] {
  const named = create?.['additional_creators'];
  return Array.isArray(named) ? named.map(String) : [];
}

/** The level that an event of this type needs. */
export function levelToSend(room: Room, { type, state_key }: Pick<EventDraft, 'state_key' | 'type'>): number {
  const levels = contentOf(room, 'm.room.power_levels');
  const fallback =
    state_key === undefined
      ? numberOr(levels?.['events_default'], 0)
      : numberOr(levels?.['state_default'], 50);
  return numbers(levels?.['events'])[type] ?? fallback;
}

function namedLevel(room: Room, name: 'invite' | 'kick' | 'ban' | 'redact'): number {
  return numberOr(contentOf(room, 'm.room.power_levels')?.[name], name === 'invite' ? 0 : 50);
}

function checkMembership(room: Room, draft: EventDraft): void {
  const target = draft.state_key ?? '';
  const now = membershipOf(room, target);
  switch (draft.content['membership']) {
    case 'join':
      checkJoin(room, draft, now);
      return;
    case 'invite':
      checkJoined(room, draft.sender);
      if (now === 'ban') throw forbidden('They are banned');
      if (now === 'join') throw forbidden('They are in the room already');
      if (levelOf(room, draft.sender) < namedLevel(room, 'invite'))
        throw forbidden('Too little power to invite');
      return;
    case 'leave':
      checkLeave(room, draft, now);
      return;
    case 'ban':
      checkJoined(room, draft.sender);
      checkAbove(room, draft, 'ban');
      return;
    default:
      throw new MatrixFailure(400, 'M_UNKNOWN', 'Invalid membership key');
  }
}

function checkJoin(room: Room, { sender, state_key, content }: EventDraft, now: string | undefined): void {
  const create = room.state.get(stateKeyOf('m.room.create', ''));
  if (room.timeline.length === 1 && create?.sender === sender) return;
  if (sender !== state_key) throw forbidden('Nobody can be made to join');
  if (now === 'ban') throw forbidden('Banned');
  const rule = contentOf(room, 'm.room.join_rules')?.['join_rule'];
  const isLetIn = rule === 'restricted' && content['join_authorised_via_users_server'] !== undefined;
  const isOpen = rule === 'public' || isLetIn;
  if (!isOpen && now !== 'join' && now !== 'invite') throw forbidden('Not invited');
}

function checkLeave(room: Room, draft: EventDraft, now: string | undefined): void {
  if (draft.sender === draft.state_key && now === 'invite') return;
  checkJoined(room, draft.sender);
  if (now === 'ban' && levelOf(room, draft.sender) < namedLevel(room, 'ban'))
    throw forbidden('Too little power to lift a ban');
  if (draft.sender !== draft.state_key) checkAbove(room, draft, 'kick');
}

function checkAbove(room: Room, { sender, state_key = '' }: EventDraft, name: 'kick' | 'ban'): void {
  const own = levelOf(room, sender);
  if (own < namedLevel(room, name) || own <= levelOf(room, state_key))
    throw forbidden(`Too little power to ${name} them`);
}

function checkPowerLevels(room: Room, { sender, content }: EventDraft): void {
  checkForm(room, content);
  const actual = contentOf(room, 'm.room.power_levels');
  if (actual === undefined) return;
  const own = levelOf(room, sender);
  const pairs = [
    ...NAMED_LEVELS.map((name) => ({ from: actual[name], to: content[name], others: false })),
    ...LEVEL_MAPS.flatMap((map) => {
      const [from, to] = [numbers(actual[map]), numbers(content[map])];
      return [...new Set([...Object.keys(from), ...Object.keys(to)])].map((key) => ({
        from: from[key],
        to: to[key],
        others: map === 'users' && key !== sender,
      }));
    }),
  ];
  for (const { from, to, others } of pairs) {
    if (from === to) continue;
    if (others && from === own) throw forbidden('They stand as high as you');
    if (numberOr(from, 0) > own || numberOr(to, 0) > own)
      throw forbidden('Nobody can give or take more than they have');
  }
}

function checkForm(room: Room, content: Content): void {
  const values = [
    ...NAMED_LEVELS.flatMap((name) => (name in content ? [content[name]] : [])),
    ...LEVEL_MAPS.flatMap((map) => Object.values(numbers(content[map]))),
  ];
  if (!values.every(Number.isInteger))
    throw new MatrixFailure(400, 'M_BAD_JSON', 'Power levels are whole numbers');
  const users = Object.keys(numbers(content['users']));
  if (!users.every((user) => /^@[^:]*:./.test(user)))
    throw new MatrixFailure(400, 'M_UNKNOWN', 'Not a valid user id');
  if (!creatorsArePrivileged(room.version)) return;
  const create = room.state.get(stateKeyOf('m.room.create', ''));
  const creators = [create?.sender ?? '', ...additionalCreators(create?.content)];
  if (creators.some((creator) => users.includes(creator)))
    throw new MatrixFailure(400, 'M_UNKNOWN', 'Creators must not be listed in users');
}

function numbers(value: unknown): Readonly<Record<string, number | undefined>> {
  return isObject(value) ? (value as Record<string, number>) : {};
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
