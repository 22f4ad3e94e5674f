// A room stood under a resource's alias before the bridge → it is taken over where its maker may give it to the care.
import type { EventId, MatrixUserId, RoomAlias, RoomId } from '../../domain/ids.ts';
import { canKeepInOrder } from '../../mapping/attainable-power.ts';
import { mayGiveRoom } from '../../mapping/matrix-to-fhir/given-room.ts';
import { dangersIn } from '../../mapping/matrix-to-fhir/room-dangers.ts';
import { readRoomFacts } from '../../mapping/matrix-to-fhir/room-request.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { RoomState } from '../../matrix/room-state.ts';
import type { Bridge } from '../bridge.ts';
import type { RoomPlan } from './plan-room.ts';

/**
 * Enters the room under an alias and records it as the resource's; running it again changes nothing. A bridge before this one
 * has said the first message there.
 * @returns undefined where it may not be taken over: the bridge is then not in it
 */
export async function adoptUnderAlias(
  bridge: Bridge,
  { spec, desired }: Pick<RoomPlan, 'desired' | 'spec'>,
  alias: RoomAlias,
  signal: AbortSignal,
): Promise<RoomId | undefined> {
  const { store, db, homeserver, settings } = bridge;
  const { bot, serverName, adoptRoomsOf } = settings;
  const roomId = await homeserver.resolveAlias(bot, alias, signal);
  if (roomId === undefined || (await store.roomUses.findRoomUse(db, roomId)).kind !== 'none')
    return undefined;
  if (!(await homeserver.joinThrough(bot, roomId, [serverName], signal))) return undefined;
  const state = await homeserver.roomState(bot, roomId, signal);
  const facts = readRoomFacts(state);
  // A room of the bot itself was made for another resource, or by a bridge with another key.
  if (facts.creator === bot) return undefined;
  const isOwn = (userId: MatrixUserId): boolean => isOwnUser(settings, userId);
  const isListed = await homeserver.isListed(bot, roomId, signal);
  const find = (type: string) => state.find((event) => event.type === type && event.state_key === '');
  const room = {
    ...facts,
    dangers: dangersIn(state, { isListed, space: spec.placement?.roomId }),
    canBeKept: canKeepInOrder(find('m.room.create'), find('m.room.power_levels')?.content, bot),
  };
  if (!mayGiveRoom(room, desired, { formerMakers: adoptRoomsOf, isOwn })) {
    await homeserver.leave(bot, roomId, signal);
    return undefined;
  }
  const said = facts.creator !== undefined && adoptRoomsOf.has(facts.creator) ? makingOf(state) : undefined;
  await store.rooms.saveGivenRoom(db, spec.reference, { roomId, said });
  return roomId;
}

/** The event by which a room was made. */
function makingOf(state: RoomState): EventId | undefined {
  const eventId = state.find(({ type }) => type === 'm.room.create')?.['event_id'];
  return typeof eventId === 'string' ? (eventId as EventId) : undefined;
}
