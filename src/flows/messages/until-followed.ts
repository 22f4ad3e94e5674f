// Said in a room that is to take the place of a conversation's → it waits until the bridge has followed, and goes on in its order.
//
// The homeserver pushes what is said there from when the room has the alias, and does not show it later to the bot, which was not in it.
import type { MatrixEvent } from '../../domain/matrix.ts';
import type { Item } from '../../inbox/item.ts';
import type { RoomUse } from '../../store/room-uses.ts';
import type { WaitingItem } from '../../store/waiting-items.ts';
import type { Bridge } from '../bridge.ts';
import { takeTurn, waitFor, wouldOvertake, type Waiting } from '../items/waiting.ts';

type Following = Pick<Bridge, 'clock' | 'db' | 'hasUnhandled' | 'settings' | 'store'>;

interface Said extends Pick<Item, 'lane' | 'payload'> {
  readonly gaveUpOn: readonly string[];
  readonly hasWaited: boolean;
}

/** @returns undefined where it need not wait, or has waited in vain */
export async function untilFollowed(
  relay: Following,
  { event, source, use }: { event: MatrixEvent; source: Said; use: RoomUse },
): Promise<Waiting | undefined> {
  const { store } = relay;
  const { room_id: roomId, event_id: about } = event;
  const item = waitingItem(relay, event, source);
  if (use.kind === 'awaited' && !source.gaveUpOn.includes(roomId))
    return waitFor(
      store,
      roomId,
      item,
      async (tx) => 'room' in (await store.roomUses.findRoomUse(tx, roomId)),
    );
  if (use.kind !== 'conversation' || !use.isReplacement) return undefined;
  return (await wouldOvertake(relay, roomId, { about, lane: source.lane, hasWaited: source.hasWaited }))
    ? takeTurn(store, roomId, item, `before ${about}`)
    : undefined;
}

function waitingItem(
  { clock, settings }: Following,
  { event_id: about }: MatrixEvent,
  { lane, payload }: Said,
): WaitingItem {
  return { about, lane, payload, giveUpAt: new Date(clock.now().getTime() + settings.holdForMs) };
}
