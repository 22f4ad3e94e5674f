// A bridged room was upgraded (a tombstone names another in its place) → the bridge follows into the new one.
import type { RoomId } from '../domain/ids.ts';
import { serverNameOf, typeOf } from '../domain/ids.ts';
import { readRoomFacts } from '../mapping/matrix-to-fhir/room-request.ts';
import type { Attempt, Outcome } from '../inbox/item.ts';
import type { FormerRoom } from '../store/former-rooms.ts';
import type { RoomRow } from '../store/rooms.ts';
import type { Bridge } from './bridge.ts';
import { convergeItem } from './converge-item.ts';
import type { StateChange } from './state-change.ts';

/** Handles `m.room.tombstone`, which Matrix allows only to those with the power for it. */
export async function tombstoneToRoom(
  bridge: Bridge,
  event: StateChange,
  room: RoomRow,
  { signal }: Attempt,
): Promise<Outcome> {
  const { store, db, homeserver, settings } = bridge;
  const replacement = event.content['replacement_room'];
  if (typeof replacement !== 'string' || !replacement.startsWith('!') || replacement === event.room_id)
    return { kind: 'ignored', reason: 'no-replacement' };
  const former: FormerRoom = {
    roomId: event.room_id,
    reference: room.reference,
    replacement: replacement as RoomId,
  };
  // Another resource's room cannot take the place of this one's.
  if ((await store.rooms.findRoomById(db, former.replacement)) !== undefined)
    return { kind: 'ignored', reason: 'replacement-taken' };
  await store.formerRooms.saveFormerRoom(db, former);
  const servers = [...new Set([serverNameOf(event.sender), settings.serverName])];
  if (!(await homeserver.joinThrough(settings.bot, former.replacement, servers, signal)))
    return { kind: 'ignored', reason: 'replacement-not-open' };
  return followUpgrade(bridge, former, signal);
}

/** Puts the replacement, in which the bot is, into the old room's place; running it again changes nothing. */
export async function followUpgrade(
  bridge: Bridge,
  former: FormerRoom,
  signal: AbortSignal,
): Promise<Outcome> {
  const { store, db, homeserver, settings } = bridge;
  const facts = readRoomFacts(await homeserver.roomState(settings.bot, former.replacement, signal));
  const isSpace = typeOf(former.reference) === 'CareTeam';
  if (facts.predecessor !== former.roomId || facts.isSpace !== isSpace) {
    await homeserver.leave(settings.bot, former.replacement, signal);
    await store.formerRooms.forgetFormerRoom(db, former.roomId);
    return { kind: 'ignored', reason: 'replacement-invalid' };
  }
  await moveAlias(bridge, former, signal);
  const linked = await store.formerRooms.findLinked(db, former.reference);
  return {
    kind: 'done',
    record: async (tx) => {
      await store.formerRooms.saveFollowed(tx, former);
      await bridge.enqueue(
        tx,
        [former.reference, ...linked].map((reference) => convergeItem(reference, former.replacement)),
      );
    },
  };
}

/** Synapse moves aliases with an upgrade by itself; other ways to upgrade leave them behind. */
async function moveAlias(
  { store, db, homeserver, settings: { bot } }: Bridge,
  { reference, roomId, replacement }: FormerRoom,
  signal: AbortSignal,
): Promise<void> {
  const row = await store.rooms.findRoom(db, reference);
  if (row === undefined) return;
  const target = await homeserver.resolveAlias(bot, row.alias, signal);
  if (target !== undefined && target !== roomId) return;
  if (target === roomId) await homeserver.deleteAlias(bot, row.alias, signal);
  await homeserver.createAlias(bot, row.alias, replacement, signal);
}
