// The two power-level templates: spaces of care teams and rooms of conversations.
//
// They follow specificatie.md §4 with its faults mended: `m.space.name` and `m.space.topic` are no Matrix types;
// unlisted `m.room.encrypted` and `m.room.redaction` would silence relatives and clients; unlisted
// `m.room.power_levels` and its like would let every professional change them.
import type { MatrixUserId } from '../domain/ids.ts';
import type { PowerLevels } from '../domain/matrix.ts';

/** The bridge's own level before room version 12: above the lead's 100, so that it can lower a lead. */
const BOT_LEVEL = 110;

const STRUCTURE = {
  'm.room.power_levels': 100,
  'm.room.encryption': 100,
  'm.room.server_acl': 100,
  'm.room.history_visibility': 100,
  'm.room.join_rules': 100,
  'm.room.canonical_alias': 100,
  'm.space.parent': 100,
  'custom.user_mappings': 25,
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

/** Tells whether a room's creators are all-powerful and must not be listed (room version 12 on, MSC4289). */
export function creatorsArePrivileged(roomVersion: string): boolean {
  return Number.parseInt(roomVersion, 10) >= 12;
}

/**
 * Content of `m.room.power_levels`.
 * @param people the members with a level of their own; levels equal to `users_default` are left out
 */
export function powerLevels(
  kind: 'space' | 'conversation',
  {
    roomVersion,
    bot,
    people,
  }: { roomVersion: string; bot: MatrixUserId; people: readonly { userId: MatrixUserId; level: number }[] },
): PowerLevels {
  const template = kind === 'space' ? SPACE : CONVERSATION;
  const privileged = creatorsArePrivileged(roomVersion);
  const users: Record<string, number> = privileged ? {} : { [bot]: BOT_LEVEL };
  for (const { userId, level } of people) {
    if (userId !== bot && level !== template.users_default) users[userId] = level;
  }
  return { ...template, users, events: { ...template.events, 'm.room.tombstone': privileged ? 150 : 100 } };
}
