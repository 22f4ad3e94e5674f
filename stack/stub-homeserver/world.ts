// What the stub homeserver remembers: accounts, rooms, aliases, and the stream of all events.
import { randomBytes } from 'node:crypto';
import type { ForgedBeside } from './forged.ts';

/** The content of an event. */
export type Content = Readonly<Record<string, unknown>>;

/** An event before it is stored. */
export interface EventDraft {
  readonly type: string;
  readonly sender: string;
  /** Absent for events that are no state. */
  readonly state_key?: string;
  readonly content: Content;
}

/** A stored event. */
export interface StoredEvent extends EventDraft {
  readonly event_id: string;
  readonly room_id: string;
  readonly origin_server_ts: number;
  readonly unsigned: Content;
  /** Its place in the stream of all events, which tokens count in. */
  readonly position: number;
  /** What is shown in its place (forged.ts). */
  readonly forged?: unknown;
}

/** An uploaded file. */
export interface StoredFile {
  readonly contentType: string;
  readonly bytes: Buffer;
}

export interface Room {
  readonly roomId: string;
  readonly version: string;
  /** Current state, by `stateKeyOf`. */
  readonly state: Map<string, StoredEvent>;
  readonly timeline: StoredEvent[];
}

export interface User {
  readonly userId: string;
  displayName: string | undefined;
  avatarUrl: string | undefined;
  readonly devices: Map<string, string | undefined>;
  /** By type. */
  readonly accountData: Map<string, Content>;
  /** Rooms with a membership of this user, and the position at which it became what it is. */
  readonly rooms: Map<string, { readonly membership: string; readonly since: number }>;
}

export interface World {
  readonly serverName: string;
  readonly users: Map<string, User>;
  /** Access tokens of users who are no ghosts. */
  readonly tokens: Map<string, { readonly userId: string; readonly deviceId: string }>;
  readonly rooms: Map<string, Room>;
  readonly aliases: Map<string, string>;
  /** Rooms in the public directory. */
  readonly listed: Set<string>;
  readonly stream: StoredEvent[];
  /** What tests have `/sync` show beside timelines. */
  readonly beside: ForgedBeside[];
  /** Files by their `mxc://` address; reserved ones are undefined. */
  readonly media: Map<string, StoredFile | undefined>;
  /** Event ids by transaction, as `timeline.ts` keys them. */
  readonly transactions: Map<string, string>;
  /** Called after each stored event. */
  readonly listeners: Set<(event: StoredEvent) => void>;
}

/** Creates an empty world. */
export function createWorld(serverName: string): World {
  return {
    serverName,
    users: new Map(),
    tokens: new Map(),
    rooms: new Map(),
    aliases: new Map(),
    listed: new Set(),
    stream: [],
    beside: [],
    media: new Map(),
    transactions: new Map(),
    listeners: new Set(),
  };
}

/** The key of a state event in a room's state. */
export function stateKeyOf(type: string, stateKey: string): string {
  return `${type}\0${stateKey}`;
}

/** Adds an account; its name is its localpart until it is given another. */
export function addUser(world: World, userId: string): User {
  const localpart = userId.slice(1, userId.indexOf(':'));
  const user: User = {
    userId,
    displayName: localpart,
    avatarUrl: undefined,
    devices: new Map(),
    accountData: new Map(),
    rooms: new Map(),
  };
  world.users.set(userId, user);
  return user;
}

/** Adds a room without events. Since version 12 its id is a hash that names no server (MSC4291). */
export function addRoom(world: World, version: string): Room {
  const roomId = creatorsArePrivileged(version)
    ? `!${randomBytes(32).toString('base64url')}`
    : `!${randomBytes(12).toString('hex')}:${world.serverName}`;
  const room: Room = { roomId, version, state: new Map(), timeline: [] };
  world.rooms.set(roomId, room);
  return room;
}

/** Tells whether creators stand above all levels (room version 12 on, MSC4289). */
export function creatorsArePrivileged(version: string): boolean {
  return Number(version) >= 12;
}

/** Stores an event, which is allowed. */
export function appendEvent(world: World, room: Room, draft: EventDraft, timestamp?: number): StoredEvent {
  const key = draft.state_key === undefined ? undefined : stateKeyOf(draft.type, draft.state_key);
  const before = key === undefined ? undefined : room.state.get(key);
  const event: StoredEvent = {
    ...draft,
    event_id: `$${randomBytes(32).toString('base64url')}`,
    room_id: room.roomId,
    origin_server_ts: timestamp ?? Date.now(),
    unsigned:
      before === undefined
        ? {}
        : { replaces_state: before.event_id, prev_content: before.content, prev_sender: before.sender },
    position: world.stream.length,
  };
  if (key !== undefined) room.state.set(key, event);
  room.timeline.push(event);
  world.stream.push(event);
  if (event.type === 'm.room.member') noteMembership(world, event, before);
  for (const listener of world.listeners) listener(event);
  return event;
}

/** The content of a room's state event. */
export function contentOf(room: Room, type: string, stateKey = ''): Content | undefined {
  return room.state.get(stateKeyOf(type, stateKey))?.content;
}

/** A user's membership of a room, `undefined` for those who never had any. */
export function membershipOf(room: Room, userId: string): string | undefined {
  const membership = contentOf(room, 'm.room.member', userId)?.['membership'];
  return typeof membership === 'string' ? membership : undefined;
}

/** An event as clients see it. */
export function clientEvent(event: StoredEvent): unknown {
  if (event.forged !== undefined) return event.forged;
  const { type, sender, content, event_id, room_id, origin_server_ts } = event;
  const unsigned = { ...event.unsigned, age: Math.max(0, Date.now() - origin_server_ts) };
  const stateKey = event.state_key === undefined ? {} : { state_key: event.state_key };
  return { type, sender, ...stateKey, content, event_id, room_id, origin_server_ts, unsigned };
}

function noteMembership(world: World, event: StoredEvent, before: StoredEvent | undefined): void {
  const user = world.users.get(event.state_key ?? '');
  const membership = String(event.content['membership']);
  if (user === undefined || before?.content['membership'] === membership) return;
  user.rooms.set(event.room_id, { membership, since: event.position });
}
