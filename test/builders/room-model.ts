// A room on a homeserver, as far as convergence touches it: it refuses what Matrix's authorization rules refuse (room
// versions 11 and 12) and what would change nothing. Written from the specification, not from the code under test.
import { expect } from 'vitest';
import type { MatrixUserId } from '../../src/domain/ids.ts';
import type { ActualState, RoomChange } from '../../src/mapping/room-changes.ts';

/** What the homeserver would answer 403 to, and steps that are none. */
export class Refused extends Error {}

/** The keys of `m.room.power_levels` that are levels themselves, with what counts where they are absent. */
export const SINGLE_LEVELS = {
  users_default: 0,
  events_default: 0,
  state_default: 50,
  invite: 0,
  kick: 50,
  ban: 50,
  redact: 50,
} as const;
type SingleLevel = keyof typeof SINGLE_LEVELS;

export interface Levels extends Partial<Record<SingleLevel, number>> {
  readonly users?: Readonly<Record<string, number>>;
  readonly events?: Readonly<Record<string, number>>;
  readonly notifications?: Readonly<Record<string, number>>;
}

export interface RoomModel {
  readonly state: () => readonly ActualState[];
  readonly contentOf: (type: string, stateKey?: string) => ActualState['content'] | undefined;
  readonly membershipOf: (userId: string) => string | undefined;
  readonly levels: () => Levels;
  readonly levelOf: (userId: string) => number;
  readonly creators: readonly string[];
  /** Makes a change of the bridge. @throws Refused */
  readonly apply: (change: RoomChange) => void;
  /** Sets the state as a user. @throws Refused */
  readonly putState: (
    sender: string,
    type: string,
    stateKey: string,
    content: ActualState['content'],
  ) => void;
  /** A user accepts the invitation. */
  readonly join: (userId: string) => void;
  /** Whether the homeserver would refuse it; nothing changes. */
  readonly refuses: (attempt: (copy: RoomModel) => void) => boolean;
}

/** A room in a given state. */
export function roomModel(initial: readonly ActualState[], bot: MatrixUserId): RoomModel {
  const state = new Map(initial.map((event) => [`${event.type}|${event.state_key}`, event]));
  const contentOf = (type: string, stateKey = ''): ActualState['content'] | undefined =>
    state.get(`${type}|${stateKey}`)?.content;
  const create = state.get('m.room.create|');
  const isV12 = create?.content['room_version'] === '12';
  const additional = create?.content['additional_creators'] as string[] | undefined;
  const creators = isV12 ? [create.sender, ...(additional ?? [])] : [];
  const levels = (): Levels => contentOf('m.room.power_levels') ?? {};
  const hasLevels = (): boolean => contentOf('m.room.power_levels') !== undefined;
  const single = (key: SingleLevel): number => levels()[key] ?? SINGLE_LEVELS[key];
  const levelOf = (userId: string): number => {
    if (creators.includes(userId)) return Number.POSITIVE_INFINITY;
    if (!hasLevels()) return create?.sender === userId ? 100 : 0;
    return levels().users?.[userId] ?? single('users_default');
  };
  const membershipOf = (userId: string): string | undefined =>
    contentOf('m.room.member', userId)?.['membership'] as string | undefined;
  const demand = (isAllowed: boolean, why: string): void => {
    if (!isAllowed) throw new Refused(why);
  };
  const store = (event: ActualState): void => void state.set(`${event.type}|${event.state_key}`, event);
  const member = (sender: string, userId: string, membership: string): void => {
    store({ type: 'm.room.member', state_key: userId, sender, content: { membership } });
  };
  const isIn = (userId: string): boolean => ['join', 'invite'].includes(membershipOf(userId) ?? '');

  const putState: RoomModel['putState'] = (sender, type, stateKey, content) => {
    demand(membershipOf(sender) === 'join', `${sender} is not in the room`);
    const needed = hasLevels() ? (levels().events?.[type] ?? single('state_default')) : 0;
    demand(levelOf(sender) >= needed, `${sender} (${levelOf(sender)}) may not send ${type} (${needed})`);
    demand(!stateKey.startsWith('@') || stateKey === sender, `${stateKey} is not ${sender}'s`);
    if (type === 'm.room.power_levels') checkLevels(levelOf(sender), sender, content);
    demand(JSON.stringify(contentOf(type, stateKey)) !== JSON.stringify(content), `${type} changes nothing`);
    store({ type, state_key: stateKey, sender, content });
  };

  /** Authorization rule 9 of room version 11, rule 10 of version 12. */
  const checkLevels = (own: number, sender: string, content: Levels): void => {
    for (const creator of creators)
      demand(!(creator in (content.users ?? {})), `creator ${creator} is listed`);
    demand(isCanonical(content), 'a level is no integer');
    if (!hasLevels()) return;
    const alter = (what: string, was: number | undefined, becomes: number | undefined, bar = own): void => {
      if (was === becomes) return;
      demand(was === undefined || was <= bar, `${what} is ${was ?? 0}, above ${own}`);
      demand(becomes === undefined || becomes <= own, `${what} becomes ${becomes ?? 0}, above ${own}`);
    };
    for (const key of Object.keys(SINGLE_LEVELS) as SingleLevel[]) alter(key, levels()[key], content[key]);
    for (const map of ['events', 'notifications', 'users'] as const) {
      for (const key of new Set([...Object.keys(levels()[map] ?? {}), ...Object.keys(content[map] ?? {})])) {
        const bar = map === 'users' && key !== sender ? own - 1 : own;
        alter(`${map} ${key}`, ownOf(levels()[map], key), ownOf(content[map], key), bar);
      }
    }
  };

  const invite = (userId: string): void => {
    demand(membershipOf(bot) === 'join', 'the bot is not in the room');
    demand(!isIn(userId), `${userId} is in the room already`);
    demand(membershipOf(userId) !== 'ban', `${userId} is banned`);
    demand(levelOf(bot) >= (hasLevels() ? single('invite') : 0), 'the bot may not invite');
    member(bot, userId, 'invite');
  };
  const join = (userId: string): void => {
    demand(membershipOf(userId) !== 'ban', `${userId} is banned`);
    demand(membershipOf(userId) !== 'join', `${userId} has joined already`);
    const isPublic = contentOf('m.room.join_rules')?.['join_rule'] === 'public';
    demand(isPublic || membershipOf(userId) === 'invite', `${userId} is not invited`);
    member(userId, userId, 'join');
  };
  const kick = (userId: string): void => {
    demand(isIn(userId), `${userId} is not in the room`);
    demand(levelOf(bot) >= single('kick'), 'the bot may not kick');
    demand(levelOf(userId) < levelOf(bot), `${userId} is as powerful as the bot`);
    member(bot, userId, 'leave');
  };

  const model: RoomModel = {
    ...{ contentOf, membershipOf, levels, levelOf, creators, putState, join },
    state: () => [...state.values()],
    apply: (change) => {
      switch (change.kind) {
        case 'put-state':
          putState(change.as, change.event.type, change.event.state_key, change.event.content);
          return;
        case 'invite':
          invite(change.userId);
          return;
        case 'join':
          join(change.userId);
          return;
        case 'leave':
          demand(isIn(change.userId), `${change.userId} is not in the room`);
          member(change.userId, change.userId, 'leave');
          return;
        case 'unlist':
          return;
        case 'kick':
          kick(change.userId);
          return;
      }
    },
    refuses: (attempt) => {
      try {
        attempt(roomModel([...state.values()], bot));
        return false;
      } catch (error) {
        if (error instanceof Refused) return true;
        throw error;
      }
    },
  };
  return model;
}

/** The homeserver would not let the bot alter the levels so. */
export function expectRefusedLevels(model: RoomModel, bot: string, part: Levels): void {
  const levels = model.levels();
  const altered = {
    ...levels,
    ...part,
    ...(part.users !== undefined && { users: { ...levels.users, ...part.users } }),
    ...(part.events !== undefined && { events: { ...levels.events, ...part.events } }),
    ...(part.notifications !== undefined && {
      notifications: { ...levels.notifications, ...part.notifications },
    }),
  };
  const refused = model.refuses((copy) => {
    copy.putState(bot, 'm.room.power_levels', '', altered);
  });
  expect([part, refused]).toEqual([part, true]);
}

function ownOf(record: Readonly<Record<string, number>> | undefined, key: string): number | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Whole numbers only, and nothing that JSON would lose. */
function isCanonical(content: Levels): boolean {
  const isLevel = (value: unknown): boolean => Number.isSafeInteger(value);
  const keys = Object.keys(SINGLE_LEVELS) as SingleLevel[];
  return (
    keys.every((key) => !(key in content) || isLevel(content[key])) &&
    [content.users, content.events, content.notifications].every((map) =>
      Object.values(map ?? {}).every(isLevel),
    )
  );
}
