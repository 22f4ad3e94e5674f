// `POST /createRoom`: a sequence, as on Synapse. What fails in the middle leaves the room and its alias half-made.
import type { Call, Reply } from './requests.ts';
import { ok } from './requests.ts';
import { checkAllowed } from './auth-rules.ts';
import { addAlias } from './directory.ts';
import { MatrixFailure } from './failure.ts';
import { changeMembership } from './membership.ts';
import type { Content, Room, World } from './world.ts';
import { addRoom, appendEvent, creatorsArePrivileged, stateKeyOf } from './world.ts';

interface StateDraft {
  readonly type: string;
  readonly state_key: string;
  readonly content: Content;
}

/** What a preset decides. */
interface Preset {
  readonly joinRule: string;
  readonly guestsJoin: boolean;
  /** The level needed to invite. */
  readonly invite: number;
  readonly areInviteesEqual: boolean;
}

const PRESETS: Readonly<Record<string, Preset>> = {
  private_chat: { joinRule: 'invite', guestsJoin: true, invite: 0, areInviteesEqual: false },
  trusted_private_chat: { joinRule: 'invite', guestsJoin: true, invite: 0, areInviteesEqual: true },
  public_chat: { joinRule: 'public', guestsJoin: false, invite: 50, areInviteesEqual: false },
};
const VERSIONS = new Set(['11', '12']);
const DEFAULT_VERSION = '11';

/** `GET /capabilities`: the versions of rooms. */
export function readCapabilities(): Reply {
  const available = Object.fromEntries([...VERSIONS].map((version) => [version, 'stable']));
  return ok({ capabilities: { 'm.room_versions': { default: DEFAULT_VERSION, available } } });
}

/** Makes a room. */
export function createRoom(call: Call): Reply {
  const { world, requester, body } = call;
  const creator = requester.userId;
  const version = versionOf(body);
  const preset = presetOf(body);
  const alias = aliasOf(world, body);
  const invited = invitedBy(body);
  checkOverride(body, version, creator);

  const room = addRoom(world, version);
  if (alias !== undefined) addAlias(call, alias, room);
  const creation: Content = {
    ...recordOf(body['creation_content']),
    ...(preset.areInviteesEqual && creatorsArePrivileged(version) && { additional_creators: invited }),
    room_version: version,
  };
  appendEvent(world, room, { type: 'm.room.create', sender: creator, state_key: '', content: creation });
  changeMembership(world, room.roomId, { sender: creator, target: creator, action: 'join' });
  for (const draft of initialEvents(body, { room, creator, preset, alias, invited })) {
    const event = { ...draft, sender: creator };
    checkAllowed(room, event);
    appendEvent(world, room, event);
  }
  for (const target of invited) {
    const content = body['is_direct'] === true ? { is_direct: true } : undefined;
    changeMembership(world, room.roomId, { sender: creator, target, action: 'invite', content });
  }
  return ok({ room_id: room.roomId });
}

function versionOf(body: Content): string {
  const { room_version: version = DEFAULT_VERSION } = body;
  if (typeof version !== 'string')
    throw new MatrixFailure(400, 'M_BAD_JSON', 'room_version must be a string');
  if (!VERSIONS.has(version))
    throw new MatrixFailure(400, 'M_UNSUPPORTED_ROOM_VERSION', 'This stub makes rooms of versions 11 and 12');
  return version;
}

function presetOf({ preset, visibility }: Content): Preset {
  const name = preset ?? (visibility === 'public' ? 'public_chat' : 'private_chat');
  const found = typeof name === 'string' ? PRESETS[name] : undefined;
  if (found === undefined) throw new MatrixFailure(400, 'M_BAD_JSON', 'Not a valid preset');
  return found;
}

function aliasOf(world: World, { room_alias_name: name }: Content): string | undefined {
  if (typeof name !== 'string') return undefined;
  if (/[\s:]/.test(name)) throw new MatrixFailure(400, 'M_UNKNOWN', 'Invalid characters in room alias');
  const alias = `#${name}:${world.serverName}`;
  if (world.aliases.has(alias)) throw new MatrixFailure(400, 'M_ROOM_IN_USE', 'Room alias already taken');
  return alias;
}

function invitedBy({ invite }: Content): readonly string[] {
  if (!Array.isArray(invite)) return [];
  return invite.map((userId: unknown) => {
    if (typeof userId === 'string' && /^@[^:]*:./.test(userId)) return userId;
    throw new MatrixFailure(400, 'M_UNKNOWN', 'Invalid user_id');
  });
}

/** Before version 12 a creator who is not listed would lose the room. */
function checkOverride(body: Content, version: string, creator: string): void {
  const users = recordOf(body['power_level_content_override'])['users'];
  if (users === undefined || creatorsArePrivileged(version) || creator in recordOf(users)) return;
  throw new MatrixFailure(400, 'M_UNKNOWN', `users does not contain ${creator}`);
}

/** All state of the new room but its creation and members, in the order in which it is stored. */
function initialEvents(
  body: Content,
  {
    room,
    creator,
    preset,
    alias,
    invited,
  }: { room: Room; creator: string; preset: Preset; alias: string | undefined; invited: readonly string[] },
): readonly StateDraft[] {
  const given = (Array.isArray(body['initial_state']) ? body['initial_state'] : []).map(draftOf);
  const levels = given.find(({ type }) => type === 'm.room.power_levels');
  const { name, topic } = body;
  const fallbacks: readonly (StateDraft | false)[] = [
    alias !== undefined && state('m.room.canonical_alias', { alias }),
    state('m.room.join_rules', { join_rule: preset.joinRule }),
    state('m.room.history_visibility', { history_visibility: 'shared' }),
    preset.guestsJoin && state('m.room.guest_access', { guest_access: 'can_join' }),
  ];
  const draftedKeys = new Set(given.map(({ type, state_key }) => stateKeyOf(type, state_key)));
  return [
    levels ?? state('m.room.power_levels', powerLevels(body, { room, creator, preset, invited })),
    ...fallbacks.filter((draft) => draft !== false && !draftedKeys.has(stateKeyOf(draft.type, ''))),
    ...given.filter((draft) => draft !== levels),
    typeof name === 'string' && state('m.room.name', { name }),
    typeof topic === 'string' && state('m.room.topic', { topic, 'm.topic': { 'm.text': [{ body: topic }] } }),
  ].filter((draft) => draft !== false);
}

function powerLevels(
  body: Content,
  {
    room,
    creator,
    preset,
    invited,
  }: { room: Room; creator: string; preset: Preset; invited: readonly string[] },
): Content {
  const areCreatorsListed = !creatorsArePrivileged(room.version);
  const listed = [creator, ...(preset.areInviteesEqual ? invited : [])];
  return {
    users: areCreatorsListed ? Object.fromEntries(listed.map((userId) => [userId, 100])) : {},
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      'm.room.tombstone': areCreatorsListed ? 100 : 150,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
      ...(preset.joinRule === 'public' && { 'm.call.invite': 50 }),
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: preset.invite,
    historical: 100,
    ...recordOf(body['power_level_content_override']),
  };
}

function draftOf(given: unknown): StateDraft {
  const { type, state_key = '', content } = recordOf(given);
  if (typeof type !== 'string' || typeof state_key !== 'string' || typeof content !== 'object')
    throw new MatrixFailure(400, 'M_BAD_JSON', 'initial_state has an event without type or content');
  return state(type, recordOf(content), state_key);
}

function state(type: string, content: Content, stateKey = ''): StateDraft {
  return { type, state_key: stateKey, content };
}

function recordOf(value: unknown): Content {
  return typeof value === 'object' && value !== null ? (value as Content) : {};
}
