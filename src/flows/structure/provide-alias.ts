// The homeserver asks for an alias that nobody has yet: the form with a dash is made for a room that there is.
import type { RoomAlias } from '../../domain/ids.ts';
import { referenceOfAlias } from '../../mapping/aliases.ts';
import type { Bridge } from '../bridge.ts';

/**
 * Points an alias in the dash form at the room it names. The slash form is never provided: rooms are made with it, and
 * the homeserver also asks when the bridge itself looks one up, which must not wait for the bridge.
 * @returns whether the alias is there now
 */
export async function provideAlias(
  { db, store, homeserver, settings }: Pick<Bridge, 'db' | 'homeserver' | 'settings' | 'store'>,
  alias: string,
  signal: AbortSignal,
): Promise<boolean> {
  const meaning = referenceOfAlias(alias, settings.serverName);
  if (meaning?.form !== 'dash') return false;
  const room = await store.rooms.findRoom(db, meaning.reference);
  if (room?.roomId === undefined || !room.ready) return false;
  await homeserver.createAlias(settings.bot, alias as RoomAlias, room.roomId, signal);
  return true;
}
