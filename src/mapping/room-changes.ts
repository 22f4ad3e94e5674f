// Desired room × actual room → the changes that make the actual room the desired one. None if nothing differs.
//
// Members are compared three ways: FHIR (desired), Matrix (actual), and what both agreed on last (base). A person whom FHIR
// added is invited; a person whom FHIR dropped is removed. A join or leave in Matrix is not undone here: another flow carries
// it to FHIR. Only under the policy `ignore` it is undone.
import { isDeepStrictEqual } from 'node:util';
import type { MatrixUserId } from '../domain/ids.ts';
import { USER_MAPPINGS_TYPE, type StateEvent } from '../domain/matrix.ts';
import { attainablePowerLevels, creatorsOf, powerIn, roomVersionIn } from './attainable-power.ts';
import { hasPlace } from './child-order.ts';
import { isBlank, topicsOf, type DesiredMember, type DesiredRoom } from './desired-room.ts';
import { cameByJoinRule, inVersion, isRestricted } from './join-rules.ts';
import { explicitPowerLevels } from './power-levels.ts';

/** A step towards the desired room; each is idempotent on the homeserver. */
export type RoomChange =
  | { readonly kind: 'put-state'; readonly event: StateEvent; readonly as: MatrixUserId }
  | { readonly kind: 'invite'; readonly userId: MatrixUserId }
  | { readonly kind: 'join'; readonly userId: MatrixUserId }
  /** A ghost leaves by itself. */
  | { readonly kind: 'leave'; readonly userId: MatrixUserId }
  /** The room is taken off the public directory. */
  | { readonly kind: 'unlist' }
  /** The bot removes a user, or takes an invitation back. */
  | { readonly kind: 'kick'; readonly userId: MatrixUserId };

/** A state event of the room as it is. */
export interface ActualState extends StateEvent {
  readonly sender: string;
}

/** What becomes of members who join or leave in Matrix. */
export type MembershipPolicy = 'follow' | 'suggest' | 'ignore';

/** What the comparison depends on besides the two states. */
export interface Comparison {
  readonly bot: MatrixUserId;
  /** Whether a user is the bot or a ghost of this bridge. */
  readonly isOwn: (userId: string) => boolean;
  /** The result of `memberBase` at the last convergence. */
  readonly base: ReadonlySet<string>;
  /** Users of the base who perhaps never joined: an unfinished convergence meant to add them, or they are relay ghosts. */
  readonly pending?: ReadonlySet<string>;
  readonly policy: MembershipPolicy;
  /** Who made the room, and so decides who may join it by themselves. */
  readonly madeBy: 'bridge' | 'user';
  /** Whether the room stands in the public directory. */
  readonly isListed?: boolean;
  /** Strangers who have to go. */
  readonly leaving?: ReadonlySet<string>;
}

/**
 * The changes, in the order in which they must be made. Power and state come first, so that an invited person finds the room
 * finished. Removals come last, so that no account leaves before the person's new one has joined.
 */
export function changesToRoom(
  desired: DesiredRoom,
  actual: readonly ActualState[],
  comparison: Comparison,
): readonly RoomChange[] {
  const { bot } = comparison;
  const room = readRoom(actual);
  const levels = levelsChange(desired, room, comparison);
  // The changes that follow are made under the new levels.
  room.powerLevels = levels?.content ?? room.powerLevels;
  const may = powerIn(room.create, room.powerLevels, bot);
  const wanted = desired.state.map((event) => inVersion(event, roomVersionIn(room.create)));
  const state = wanted
    .filter((event) => !isSame(event, room.contentOf(event.type, event.state_key)))
    .filter((event) => may.sendState(event.type));
  const { entry } = desired;
  const mayJoin = entry.kind === 'open' && staysOpen(wanted, room) ? entry.to : new Set<string>();
  const ways = { mayInvite: may.invite, mayJoin };
  const members = distinct(desired.members).flatMap((member) =>
    joinChanges(member, room, { ...comparison, ...ways }),
  );
  const removals = removalChanges(desired, room, comparison);
  return [
    ...(levels === undefined ? [] : [{ kind: 'put-state', event: levels, as: bot } as const]),
    ...state.map((event): RoomChange => ({ kind: 'put-state', event, as: bot })),
    ...unlisting(comparison, may),
    ...members,
    ...removals.filter((change) => change.kind !== 'kick' || may.kick(change.userId)),
  ];
}

/** Homeservers ask for the power over the room's aliases. */
function unlisting({ isListed }: Comparison, may: ReturnType<typeof powerIn>): readonly RoomChange[] {
  return isListed === true && may.sendState('m.room.canonical_alias') ? [{ kind: 'unlist' }] : [];
}

/** The members on which both sides agree after this convergence: the base of the next comparison. */
export function memberBase(
  desired: DesiredRoom,
  actual: readonly ActualState[],
  { base }: Pick<Comparison, 'base'>,
): ReadonlyMap<MatrixUserId, DesiredMember> {
  const room = readRoom(actual);
  const members = new Map<MatrixUserId, DesiredMember>();
  for (const member of desired.members) {
    members.set(member.userId, member);
    if (member.relayGhost !== undefined) members.set(member.relayGhost, member);
    for (const former of member.formerUserIds) {
      if (base.has(former) && isPresent(room.membershipOf(former))) members.set(former, member);
    }
  }
  return members;
}

/** Whether members could join by themselves before this convergence, and still can after it. */
function staysOpen(wanted: readonly StateEvent[], room: Room): boolean {
  const rules = wanted.find(({ type }) => type === 'm.room.join_rules');
  const isWanted = rules !== undefined && isRestricted(rules.content);
  return isWanted && isSame(rules, room.contentOf('m.room.join_rules', ''));
}

interface Room {
  readonly create: ActualState | undefined;
  powerLevels: ActualState['content'] | undefined;
  readonly contentOf: (type: string, stateKey: string) => ActualState['content'] | undefined;
  readonly membershipOf: (userId: string) => string | undefined;
  readonly memberEvents: readonly ActualState[];
}

function readRoom(actual: readonly ActualState[]): Room {
  const events = new Map(actual.map((event) => [`${event.type}\0${event.state_key}`, event]));
  const contentOf = (type: string, stateKey: string): ActualState['content'] | undefined =>
    events.get(`${type}\0${stateKey}`)?.content;
  return {
    create: events.get('m.room.create\0'),
    powerLevels: contentOf('m.room.power_levels', ''),
    contentOf,
    membershipOf: (userId) => {
      const membership = contentOf('m.room.member', userId)?.['membership'];
      return typeof membership === 'string' ? membership : undefined;
    },
    memberEvents: actual.filter(({ type }) => type === 'm.room.member'),
  };
}

function isPresent(membership: string | undefined): boolean {
  return membership === 'join' || membership === 'invite';
}

/** Ignores what clients add without changing the meaning: another order of children, a rich topic. */
function isSame(desired: StateEvent, actual: ActualState['content'] | undefined): boolean {
  if (isBlank(desired)) return actual === undefined || isBlank({ type: desired.type, content: actual });
  if (actual === undefined) return false;
  switch (desired.type) {
    case 'm.space.child':
      return (
        !isBlank({ type: desired.type, content: actual }) &&
        hasPlace(actual['order'], desired.content['order'])
      );
    case 'm.space.parent':
      return !isBlank({ type: desired.type, content: actual });
    case 'm.room.topic':
      return topicsOf(actual).every((topic) => topic === desired.content['topic']);
    default:
      return isDeepStrictEqual(actual, desired.content);
  }
}

/**
 * A former account keeps the level of its person until it has to leave. If it is the present account of another person, only
 * that person's level counts.
 */
function levelsChange(
  desired: DesiredRoom,
  room: Room,
  { bot }: Pick<Comparison, 'bot'>,
): StateEvent | undefined {
  const { create, powerLevels: actual } = room;
  const present = new Set(desired.members.map(({ userId }) => userId));
  const people = desired.members.flatMap((member) => [
    ...(hasArrived(member, room) ? [] : member.formerUserIds)
      .filter((former) => isPresent(room.membershipOf(former)) && !present.has(former))
      .map((former) => ({ userId: former, level: member.level })),
    { userId: member.userId, level: member.level },
  ]);
  const roomVersion = roomVersionIn(create);
  const creators = create === undefined ? [bot] : creatorsOf(create);
  const wanted = explicitPowerLevels(desired, { roomVersion, bot, creators, people });
  const content = attainablePowerLevels(wanted, actual, create, bot);
  return content === undefined ? undefined : { type: 'm.room.power_levels', state_key: '', content };
}

/** Whether a member's former accounts have to leave. A ghost joins by one of the changes before. */
function hasArrived({ kind, userId }: DesiredMember, room: Room): boolean {
  return kind === 'ghost' || room.membershipOf(userId) === 'join';
}

/** Each account once: two people may have the same. */
function distinct(members: readonly DesiredMember[]): readonly DesiredMember[] {
  return [...new Map(members.map((member) => [member.userId, member])).values()];
}

function joinChanges(
  member: DesiredMember,
  room: Room,
  comparison: Comparison & { readonly mayInvite: boolean; readonly mayJoin: ReadonlySet<string> },
): readonly RoomChange[] {
  const { userId, kind } = member;
  const membership = room.membershipOf(userId);
  if (membership === 'ban') return [];
  if (!isPresent(membership) && joinsByThemselves(member, room, comparison)) return [];
  if (membership === 'leave' && staysAway(member, room, comparison)) return [];
  if (!isPresent(membership) && !comparison.mayInvite) return [];
  const invite: RoomChange[] = isPresent(membership) ? [] : [{ kind: 'invite', userId }];
  if (kind === 'user') return invite;
  const join: RoomChange[] = membership === 'join' ? [] : [{ kind: 'join', userId }];
  return [...invite, ...join, ...mappingChanges(member, room)];
}

/**
 * Whether a person needs no invitation, since they are in the space of their team and find the room there. When a room is made, or takes the place
 * of another, everyone is invited, so that no one misses it; and so is who is in it already with an account that they gave up.
 */
function joinsByThemselves(
  { userId, kind, formerUserIds }: DesiredMember,
  room: Room,
  { mayJoin, base, pending }: Comparison & { readonly mayJoin: ReadonlySet<string> },
): boolean {
  if (kind === 'ghost' || !mayJoin.has(userId)) return false;
  if (base.size === 0 || pending?.has(userId) === true) return false;
  const isReplacement = room.create?.content['predecessor'] !== undefined;
  if (isReplacement && base.has(userId) && room.membershipOf(userId) === undefined) return false;
  return !formerUserIds.some((former) => isPresent(room.membershipOf(former)));
}

/** Whether a member left, or another member removed them, after FHIR and Matrix had agreed on them. */
function staysAway({ userId, kind }: DesiredMember, room: Room, comparison: Comparison): boolean {
  const left = room.memberEvents.find(({ state_key: key }) => key === userId);
  if (left === undefined || !comparison.base.has(userId) || comparison.pending?.has(userId) === true)
    return false;
  const byOwn = comparison.isOwn(left.sender);
  const bySelf = left.sender === userId;
  if (kind === 'ghost') return !byOwn && comparison.policy !== 'ignore';
  return bySelf || (!byOwn && comparison.policy !== 'ignore');
}

function mappingChanges({ userId, userMapping }: DesiredMember, room: Room): readonly RoomChange[] {
  if (userMapping === undefined) return [];
  if (!powerIn(room.create, room.powerLevels, userId).sendState(USER_MAPPINGS_TYPE)) return [];
  if (isDeepStrictEqual(room.contentOf(USER_MAPPINGS_TYPE, userId), userMapping)) return [];
  const event = { type: USER_MAPPINGS_TYPE, state_key: userId, content: userMapping };
  return [{ kind: 'put-state', event, as: userId }];
}

/** The removal of everyone in the room who does not belong there. */
function removalChanges(desired: DesiredRoom, room: Room, comparison: Comparison): readonly RoomChange[] {
  const { bot, isOwn } = comparison;
  const members = new Map(desired.members.map((member) => [member.userId as string, member]));
  const relayGhosts = new Set<string>(
    desired.members.flatMap(({ relayGhost, formerUserIds }) =>
      relayGhost === undefined || formerUserIds.includes(relayGhost) ? [] : [relayGhost],
    ),
  );
  return room.memberEvents
    .map(({ state_key: userId }) => userId as MatrixUserId)
    .filter((userId) => userId !== bot && isPresent(room.membershipOf(userId)))
    .filter((userId) => !members.has(userId) && !relayGhosts.has(userId))
    .filter((userId) => mustLeave(userId, desired, room, comparison))
    .map((userId): RoomChange => ({ kind: isOwn(userId) ? 'leave' : 'kick', userId }));
}

function mustLeave(userId: MatrixUserId, desired: DesiredRoom, room: Room, comparison: Comparison): boolean {
  if (desired.phase === 'closed') return true;
  const successors = desired.members.filter(({ formerUserIds }) => formerUserIds.includes(userId));
  if (successors.length > 0) return successors.every((successor) => hasArrived(successor, room));
  if (comparison.base.has(userId)) return true;
  // No one let them in, and FHIR does not name them: the bridge's own rule must bring no one in but members.
  if (comparison.madeBy === 'bridge' && cameByJoinRule(room.contentOf('m.room.member', userId))) return true;
  if (comparison.leaving?.has(userId) === true || cameByBridge(userId, room, comparison)) return true;
  // A stranger may be about to become a member. A ghost that a member invited does not come.
  return comparison.policy === 'ignore' && !comparison.isOwn(userId);
}

/**
 * Whether the bridge itself invited a user, or had a ghost join. A request that it made for a person whom FHIR has dropped since
 * may come to the homeserver late, when the base knows nothing of them any more.
 */
function cameByBridge(userId: MatrixUserId, room: Room, { isOwn }: Comparison): boolean {
  return room.memberEvents.some(({ state_key: key, sender }) => key === userId && isOwn(sender));
}
