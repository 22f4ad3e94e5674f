// The homeserver asks for an alias that no room has yet: the other forms of the guides are made for a room that there is.
import type { RoomAlias } from '../../domain/ids.ts';
import { referenceOfOtherForm } from '../../mapping/aliases.ts';
import type { Bridge } from '../bridge.ts';

/**
 * Points an alias in another form of the guides at the room it names. The operator's own form is never provided: rooms are
 * made with it, and the homeserver also asks when the bridge itself looks one up, which must not wait for the bridge.
 * @returns whether the alias is there now
 */
export async function provideAlias(
  { db, store, homeserver, settings }: Pick<Bridge, 'db' | 'homeserver' | 'settings' | 'store'>,
  alias: string,
  signal: AbortSignal,
): Promise<boolean> {
  const reference = referenceOfOtherForm(alias, settings);
  if (reference === undefined) return false;
  const room = await store.rooms.findRoom(db, reference);
  if (room?.roomId === undefined || !room.ready) return false;
  await homeserver.createAlias(settings.bot, alias as RoomAlias, room.roomId, signal);
  return true;
}
