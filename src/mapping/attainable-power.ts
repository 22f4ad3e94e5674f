// What the bridge may do with its power in a room: everything in rooms that it made, less in rooms of users.
import { isDeepStrictEqual } from 'node:util';
import type { MatrixUserId } from '../domain/ids.ts';
import type { PowerLevels } from '../domain/matrix.ts';
import { creatorsArePrivileged, MESSAGE_TYPES, withoutDefaults } from './power-levels.ts';

type Content = Readonly<Record<string, unknown>>;
interface CreateEvent {
  readonly sender: string;
  readonly content: Content;
}

/**
 * The powers of a user in a room.
 * https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 */
interface Power {
  readonly sendState: (type: string) => boolean;
  readonly invite: boolean;
  readonly kick: (userId: string) => boolean;
  /** Messages of others. */
  readonly redact: boolean;
}

/** The defaults for keys that `m.room.power_levels` leaves out. */
const ABSENT: Readonly<Record<string, number>> = {
  users_default: 0,
  events_default: 0,
  state_default: 50,
  invite: 0,
  kick: 50,
  ban: 50,
  redact: 50,
};
const ABSENT_NOTIFICATION = 50;

/** Reads a user's powers from the create event and the power levels; without levels the creator may do everything. */
export function powerIn(create: CreateEvent | undefined, levels: Content | undefined, user: string): Power {
  const own = levelIn(create, levels, user);
  const needed = (key: string): number => levelOf(levels, key) ?? ABSENT[key] ?? 0;
  return {
    sendState: (type) => own >= (levelOf(levels?.['events'], type) ?? needed('state_default')),
    invite: own >= needed('invite'),
    kick: (userId) => own >= needed('kick') && own > levelIn(create, levels, userId),
    redact: own >= needed('redact'),
  };
}

/** A user's level; infinite for a creator if creators have all power in this room version. */
export function levelIn(create: CreateEvent | undefined, levels: Content | undefined, user: string): number {
  const isPrivileged = creatorsArePrivileged(roomVersionIn(create));
  if (isPrivileged && create && creatorsOf(create).includes(user)) return Number.POSITIVE_INFINITY;
  if (levels === undefined) return create?.sender === user ? 100 : 0;
  return levelOf(levels['users'], user) ?? levelOf(levels, 'users_default') ?? 0;
}

/** What the bridge decides in every room. */
const KEPT = [
  ...['m.room.power_levels', 'm.room.join_rules', 'm.room.history_visibility', 'm.room.guest_access'],
  ...['m.room.server_acl', 'm.room.canonical_alias', 'm.space.parent'],
];

/** Whether a user has the power to keep a room in order: to restore what members change, to invite and to remove. */
export function canKeepInOrder(
  create: CreateEvent | undefined,
  levels: Content | undefined,
  user: string,
): boolean {
  const may = powerIn(create, levels, user);
  const aMember = '';
  return may.invite && may.kick(aMember) && KEPT.every((type) => may.sendState(type));
}

/**
 * The content of `m.room.power_levels` that is nearest to the wanted one and that the user may write. Levels that the user may
 * not give or take stay as they are. Keys that the specification does not know stay too.
 * @param wanted may also list users on `users_default`; the room lists them only if it has another default
 * @returns undefined when nothing differs, or when nothing may be changed
 */
export function attainablePowerLevels(
  wanted: PowerLevels,
  actual: Content | undefined,
  create: CreateEvent | undefined,
  user: MatrixUserId,
): Content | undefined {
  const own = levelIn(create, actual, user);
  const content: Content =
    own === Number.POSITIVE_INFINITY || actual === undefined
      ? { ...actual, ...withoutDefaults(wanted) }
      : { ...actual, ...within(wanted, actual, own, user) };
  if (isDeepStrictEqual(content, actual)) return undefined;
  return powerIn(create, actual, user).sendState('m.room.power_levels') ? content : undefined;
}

/**
 * No one can set or change a level above their own, or change the level of a user who has the same.
 * https://spec.matrix.org/v1.19/rooms/v11/#authorization-rules (rule 9)
 */
function within(wanted: PowerLevels, actual: Content, own: number, user: MatrixUserId): Content {
  const { users, events, notifications, ...single } = wanted;
  const settled = settledAll(single, actual, (key, want, is) =>
    // All of these keys are wanted. Keys of `actual` that hold no level are not looked at.
    want === undefined ? undefined : settle(own, want, is, ABSENT[key] ?? 0),
  );
  const usersDefault = settled['users_default'] ?? 0;
  const inherited = (type: string): number =>
    (MESSAGE_TYPES.has(type) ? settled['events_default'] : (settled['state_default'] ?? 50)) ?? 0;
  return {
    ...settled,
    users: settledAll({ [user]: own, ...users }, actual['users'], (id, want, is) => {
      if (is !== undefined && (id === user || is >= own)) return is;
      const level = id === user ? own : Math.min(want ?? wanted.users_default, own);
      return level === usersDefault ? undefined : level;
    }),
    events: settledAll(events, actual['events'], (type, want, is) => settle(own, want, is, inherited(type))),
    notifications: settledAll(notifications, actual['notifications'], (_key, want, is) =>
      settle(own, want, is, ABSENT_NOTIFICATION),
    ),
  };
}

/**
 * The level nearest to the wanted one.
 * @param inherited the level that counts while the key is missing: a lower one must not be added
 */
function settle(
  own: number,
  want: number | undefined,
  is: number | undefined,
  inherited: number,
): number | undefined {
  if (is !== undefined && is > own) return is;
  if (want === undefined || want <= own) return want;
  return is === undefined && inherited > own ? undefined : own;
}

function settledAll(
  wanted: Readonly<Record<string, number>>,
  actual: unknown,
  settleOne: (key: string, want: number | undefined, is: number | undefined) => number | undefined,
): Readonly<Record<string, number>> {
  const keys = new Set([...Object.keys(recordOf(actual)), ...Object.keys(wanted)]);
  return Object.fromEntries(
    [...keys].flatMap((key): [string, number][] => {
      const level = settleOne(key, levelOf(wanted, key), levelOf(actual, key));
      return level === undefined ? [] : [[key, level]];
    }),
  );
}

/** The creators of a room, by its create event. */
export function creatorsOf({ sender, content }: CreateEvent): readonly string[] {
  const additional: unknown = content['additional_creators'];
  return [sender, ...(Array.isArray(additional) ? additional.filter((id) => typeof id === 'string') : [])];
}

/** The version of a room. https://spec.matrix.org/v1.19/client-server-api/#mroomcreate */
export function roomVersionIn(create: CreateEvent | undefined): string {
  const version = create?.content['room_version'];
  return typeof version === 'string' ? version : '1';
}

/** Members choose the keys: a type may be called `constructor`. Up to room version 9 a level may be a string. */
function levelOf(levels: unknown, key: string): number | undefined {
  const record = recordOf(levels);
  const value = Object.hasOwn(record, key) ? record[key] : undefined;
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : undefined;
}

function recordOf(value: unknown): Content {
  return typeof value === 'object' && value !== null ? (value as Content) : {};
}
