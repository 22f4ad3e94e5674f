// What no homeserver would send, for tests that send it all the same: events of any form in a room, and what `/sync` shows beside.
import type { Content, StoredEvent, World } from './world.ts';

/** Where `/sync` shows something besides timelines. */
export type Beside = 'ephemeral' | 'invite' | 'to_device';

/** Something that `/sync` shows once, at its place in the stream. */
export interface ForgedBeside {
  readonly position: number;
  readonly beside: Beside;
  readonly roomId: string;
  readonly events: readonly unknown[];
}

/** Adds to a room what is shown in the place of an event; the room's state stays as it is. */
export function forgeEvent(world: World, roomId: string, forged: unknown): void {
  const event = placeIn(world, roomId, { forged, event_id: idIn(forged) });
  world.rooms.get(roomId)?.timeline.push(event);
  for (const listener of world.listeners) listener(event);
}

/** Has `/sync` show something beside timelines. */
export function forgeBeside(world: World, beside: Beside, roomId: string, events: readonly unknown[]): void {
  const { position } = placeIn(world, roomId, {});
  world.beside.push({ position, beside, roomId, events });
}

/** What an answer of `/sync` shows beside: rooms that the user is in get theirs in `join`. */
export function shownBeside(world: World, since: number | undefined, join: Record<string, unknown>): Content {
  const shown = since === undefined ? [] : world.beside.filter(({ position }) => position >= since);
  const of = (wanted: Beside): readonly ForgedBeside[] => shown.filter(({ beside }) => beside === wanted);
  for (const { roomId, events } of of('ephemeral')) {
    const before = join[roomId] as { ephemeral?: { events: readonly unknown[] } } | undefined;
    join[roomId] = { ...before, ephemeral: { events: [...(before?.ephemeral?.events ?? []), ...events] } };
  }
  const invite = of('invite').map(({ roomId, events }) => [roomId, { invite_state: { events } }] as const);
  const toDevice = of('to_device').flatMap(({ events }) => events);
  const hasRooms = invite.length > 0 || Object.keys(join).length > 0;
  return {
    ...(hasRooms && {
      rooms: {
        ...(Object.keys(join).length > 0 && { join }),
        ...(invite.length > 0 && { invite: Object.fromEntries(invite) }),
      },
    }),
    ...(toDevice.length > 0 && { to_device: { events: toDevice } }),
  };
}

function idIn(forged: unknown): string {
  const { event_id: id } = { ...(forged as { event_id?: unknown } | null) };
  return typeof id === 'string' ? id : '';
}

/** A place in the stream, for what is no event of any user. */
function placeIn(world: World, roomId: string, over: Partial<StoredEvent>): StoredEvent {
  const event: StoredEvent = {
    ...{ type: '', sender: '', content: {}, event_id: '', room_id: roomId, origin_server_ts: Date.now() },
    ...{ unsigned: {}, position: world.stream.length },
    ...over,
  };
  world.stream.push(event);
  return event;
}
