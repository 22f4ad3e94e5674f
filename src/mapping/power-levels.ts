// The power-level templates: spaces of care teams and rooms of conversations, open, read-only or closed.
//
// They follow specificatie.md §4 with its faults mended: `m.space.name` and `m.space.topic` are no Matrix types;
// unlisted `m.room.encrypted` and `m.room.redaction` would silence relatives and clients; unlisted
// `m.room.power_levels` and its like would let every professional change them.
import type { MatrixUserId } from '../domain/ids.ts';
import type { PowerLevels } from '../domain/matrix.ts';
import { USER_MAPPINGS_TYPE } from '../domain/matrix.ts';
import type { DesiredRoom } from './desired-room.ts';

/** The bridge's own level before room version 12: above the lead's 100, so that it can lower a lead. */
export const BOT_LEVEL = 110;
/** Above every member, so that only the bridge may do it. */
const NOBODY = 105;

const STRUCTURE = {
  'm.room.power_levels': 100,
  'm.room.encryption': 100,
  'm.room.server_acl': 100,
  'm.room.history_visibility': 100,
  'm.room.join_rules': 100,
  'm.room.canonical_alias': 100,
  'm.space.parent': 100,
  [USER_MAPPINGS_TYPE]: 25,
} as const;

const SPACE = {
  users_default: 25,
  events: { ...STRUCTURE, 'm.room.name': 100, 'm.room.topic': 100, 'm.space.child': 50 },
  events_default: 100,
  state_default: 100,
  invite: 75,
  kick: 100,
  ban: 100,
  redact: 100,
  notifications: { room: 75 },
} as const;

const CONVERSATION = {
  users_default: 25,
  events: {
    ...STRUCTURE,
    'm.room.name': 75,
    'm.room.topic': 75,
    'm.room.message': 25,
    'm.room.encrypted': 25,
    'm.room.redaction': 25,
    'm.reaction': 25,
    'm.sticker': 25,
  },
  events_default: 75,
  state_default: 75,
  invite: 50,
  kick: 75,
  ban: 100,
  redact: 75,
  notifications: { room: 50 },
} as const;

/** The types of the templates that are messages: unlisted, they would need `events_default`, all others `state_default`. */
export const MESSAGE_TYPES: ReadonlySet<string> = new Set([
  'm.room.message',
  'm.room.encrypted',
  'm.room.redaction',
  'm.reaction',
  'm.sticker',
]);

/** Tells whether a room's creators are all-powerful and must not be listed (room version 12 on, MSC4289). */
export function creatorsArePrivileged(roomVersion: string): boolean {
  return Number.parseInt(roomVersion, 10) >= 12;
}

/** The level that the templates demand of who upgrades a room: in the newer versions no member has it, only creators. */
export function upgradeLevel(roomVersion: string): number {
  return creatorsArePrivileged(roomVersion) ? 150 : 100;
}

interface Around {
  readonly roomVersion: string;
  readonly bot: MatrixUserId;
  /** Whoever may not be listed where creators are all-powerful; the bridge alone in rooms it makes. */
  readonly creators?: readonly string[];
  /** An account of two people has the higher of their levels. */
  readonly people: readonly { readonly userId: MatrixUserId; readonly level: number }[];
}

/** Content of `m.room.power_levels`; people on `users_default` are not listed. */
export function powerLevels(room: Pick<DesiredRoom, 'kind' | 'phase'>, around: Around): PowerLevels {
  return withoutDefaults(explicitPowerLevels(room, around));
}

/** The same with everyone listed, whatever their level. */
export function explicitPowerLevels(
  { kind, phase }: Pick<DesiredRoom, 'kind' | 'phase'>,
  { roomVersion, bot, creators = [bot], people }: Around,
): PowerLevels {
  const template = kind === 'space' ? SPACE : CONVERSATION;
  const isPrivileged = creatorsArePrivileged(roomVersion);
  const unlisted = new Set<string>(isPrivileged ? creators : []);
  const users: Record<string, number> = unlisted.has(bot) ? {} : { [bot]: BOT_LEVEL };
  for (const { userId, level } of people) {
    if (userId !== bot && !unlisted.has(userId)) users[userId] = Math.max(level, users[userId] ?? level);
  }
  const open = {
    ...template,
    users,
    events: { ...template.events, 'm.room.tombstone': upgradeLevel(roomVersion) },
  };
  return phase === 'open' ? open : silenced(open);
}

/** Without those who have `users_default` anyway. */
export function withoutDefaults(levels: PowerLevels): PowerLevels {
  const users = Object.entries(levels.users).filter(([, level]) => level !== levels.users_default);
  return { ...levels, users: Object.fromEntries(users) };
}

/** Nobody says or changes anything: what members could do below the bridge's level is lifted above theirs. */
function silenced(levels: PowerLevels): PowerLevels {
  const events = Object.entries(levels.events).map(([type, level]): [string, number] => [
    type,
    type === USER_MAPPINGS_TYPE ? level : Math.max(level, NOBODY),
  ]);
  const { events_default, state_default, invite, kick, ban, redact } = levels;
  const lifted = Object.entries({ events_default, state_default, invite, kick, ban, redact }).map(
    ([key, level]): [string, number] => [key, Math.max(level, NOBODY)],
  );
  return { ...levels, ...Object.fromEntries(lifted), events: Object.fromEntries(events) };
}
