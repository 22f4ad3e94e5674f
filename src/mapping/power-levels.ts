// The power levels of spaces and conversations: open, read-only or closed.
//
// They follow the templates of the Dutch specification, with four corrections. `m.space.name` and `m.space.topic` are no
// Matrix types. Without `m.room.encrypted` and `m.room.redaction`, relatives and clients could not send them. Without
// `m.room.power_levels` and similar types, every professional could change them.
// https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-power-levels--toestemmingen
import type { MatrixUserId } from '../domain/ids.ts';
import { USER_MAPPINGS_TYPE, type PowerLevels } from '../domain/matrix.ts';
import type { DesiredRoom } from './desired-room.ts';

/** The bridge's own level before room version 12: above the lead's 100, so that it can lower a lead. */
const BOT_LEVEL = 110;
/** Above every member. */
const BRIDGE_ONLY = 105;

const STRUCTURE = {
  'm.room.power_levels': 100,
  // For good, and a way to keep the bridge's own homeserver out: not for leads.
  'm.room.encryption': BRIDGE_ONLY,
  'm.room.server_acl': BRIDGE_ONLY,
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

/** What everyone in a conversation may send; polls by both names, because clients still send the older ones. */
const MESSAGES = {
  'm.room.message': 25,
  'm.room.encrypted': 25,
  'm.room.redaction': 25,
  'm.reaction': 25,
  'm.sticker': 25,
  'm.poll.start': 25,
  'm.poll.response': 25,
  'm.poll.end': 25,
  'org.matrix.msc3381.poll.start': 25,
  'org.matrix.msc3381.poll.response': 25,
  'org.matrix.msc3381.poll.end': 25,
} as const;

const CONVERSATION = {
  users_default: 25,
  events: {
    ...STRUCTURE,
    'm.room.name': 75,
    'm.room.topic': 75,
    ...MESSAGES,
  },
  events_default: 75,
  state_default: 75,
  invite: 50,
  kick: 75,
  ban: 100,
  redact: 75,
  notifications: { room: 50 },
} as const;

/** From this level on a member may invite into all conversations; below it, only into those that they started. */
export const INVITES_ANYWHERE: number = SPACE.invite;

/** The message types of the templates. If not listed, they need `events_default`; all other types need `state_default`. */
export const MESSAGE_TYPES: ReadonlySet<string> = new Set(Object.keys(MESSAGES));

/**
 * Whether the creators of a room have all power and must not be listed: from room version 12 on.
 * https://spec.matrix.org/v1.19/rooms/v12/
 */
export function creatorsArePrivileged(roomVersion: string): boolean {
  return Number.parseInt(roomVersion, 10) >= 12;
}

/** The level that an upgrade of the room needs. From room version 12 on no member has it, only creators. */
export function upgradeLevel(roomVersion: string): number {
  return creatorsArePrivileged(roomVersion) ? 150 : 100;
}

interface RoomContext {
  readonly roomVersion: string;
  readonly bot: MatrixUserId;
  /** Must not be listed where creators have all power. In rooms that the bridge makes it is the only one. */
  readonly creators?: readonly string[];
  /** An account of two people gets the higher of their levels. */
  readonly people: readonly { readonly userId: MatrixUserId; readonly level: number }[];
}

/** Content of `m.room.power_levels`; people on `users_default` are not listed. */
export function powerLevels(room: Pick<DesiredRoom, 'kind' | 'phase'>, context: RoomContext): PowerLevels {
  return withoutDefaults(explicitPowerLevels(room, context));
}

/** The same, but everyone is listed, also those on `users_default`. */
export function explicitPowerLevels(
  { kind, phase }: Pick<DesiredRoom, 'kind' | 'phase'>,
  { roomVersion, bot, creators = [bot], people }: RoomContext,
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
  return phase === 'open' ? open : readOnly(open);
}

/** Leaves out users who have `users_default` anyway. */
export function withoutDefaults(levels: PowerLevels): PowerLevels {
  const users = Object.entries(levels.users).filter(([, level]) => level !== levels.users_default);
  return { ...levels, users: Object.fromEntries(users) };
}

/** Members may not send or change anything: everything they may do is raised above their levels. */
function readOnly(levels: PowerLevels): PowerLevels {
  const events = Object.entries(levels.events).map(([type, level]): [string, number] => [
    type,
    type === USER_MAPPINGS_TYPE ? level : Math.max(level, BRIDGE_ONLY),
  ]);
  const { events_default, state_default, invite, kick, ban, redact } = levels;
  const raised = Object.entries({ events_default, state_default, invite, kick, ban, redact }).map(
    ([key, level]): [string, number] => [key, Math.max(level, BRIDGE_ONLY)],
  );
  return { ...levels, ...Object.fromEntries(raised), events: Object.fromEntries(events) };
}
