// Receipts of a user in a room → the last message that they have read.
import type { EventId, RoomId } from '../../domain/ids.ts';
import { lastOf, type Place } from '../../mapping/read-state/order.ts';
import type { ReceiptRow } from '../../store/receipts.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { EVENT_SOURCE } from '../items/event.ts';
import { findPlaces, type PlacedMessage } from './places.ts';

type Deps = Pick<Bridge, 'clock' | 'db' | 'findLogged' | 'homeserver' | 'settings' | 'store'>;

/** For how long an event may still come that a receipt names: push and `/sync` show them one after the other. */
const EVENT_PATIENCE_MS = 60_000;
/** Pages of a hundred events in which a message is looked for. */
const MOST_PAGES = 10;

/**
 * The last message that the user has read. A receipt for an event that is no message counts for the last message before it.
 * @returns `undecided` while an event may still become a message; undefined when there was no message to read
 */
export async function messageRead(
  deps: Deps,
  { room, roomId }: { readonly room: RoomRow; readonly roomId: RoomId },
  receipts: readonly ReceiptRow[],
  signal: AbortSignal,
): Promise<PlacedMessage | 'undecided' | undefined> {
  const { db, store, clock, findLogged } = deps;
  const eventIds = receipts.map(({ eventId }) => eventId);
  const logged = await findLogged(db, EVENT_SOURCE, eventIds);
  const waiting = await store.waitingItems.findWaiting(db, eventIds);
  // Last: what was on its way a moment ago is a message by now.
  const places = await placesIn(deps, { room, roomId }, eventIds);
  const isUndecided = ({ eventId, arrivedAt }: ReceiptRow): boolean => {
    if (places.has(eventId)) return false;
    const item = logged.get(eventId);
    if (item === undefined) return clock.now().getTime() - arrivedAt.getTime() < EVENT_PATIENCE_MS;
    return !item.handled || waiting.has(eventId);
  };
  if (receipts.some(isUndecided)) return 'undecided';
  const last = lastOf(
    eventIds.map((eventId): Place & { eventId: EventId } => ({
      ...(places.get(eventId) ?? { sequence: -1, logged: logged.get(eventId) }),
      eventId,
    })),
  );
  return last && (places.get(last.eventId) ?? messageBefore(deps, { room, roomId }, last.eventId, signal));
}

async function messageBefore(
  deps: Deps,
  of: { readonly room: RoomRow; readonly roomId: RoomId },
  eventId: EventId,
  signal: AbortSignal,
): Promise<PlacedMessage | undefined> {
  const { homeserver, settings } = deps;
  let page = await homeserver.contextBefore(settings.bot, of.roomId, eventId, signal);
  for (let pages = 1; page !== undefined; pages += 1) {
    const eventIds = page.events.map((event) => event.event_id);
    const places = await placesIn(deps, of, eventIds);
    const found = eventIds.find((each) => places.has(each));
    if (found !== undefined) return places.get(found);
    if (page.end === undefined || pages === MOST_PAGES) return undefined;
    const from: string = page.end;
    page = await homeserver.messagesBefore(settings.bot, of.roomId, { from }, signal);
    if (page.end === from) return undefined;
  }
  return undefined;
}

/** Any user can name any event in a receipt: those of other rooms do not count. */
async function placesIn(
  deps: Deps,
  { room, roomId }: { readonly room: RoomRow; readonly roomId: RoomId },
  eventIds: readonly EventId[],
): Promise<ReadonlyMap<EventId, PlacedMessage>> {
  const places = await findPlaces(deps, room, eventIds);
  return new Map([...places].filter(([, place]) => place.roomId === roomId || place.message === undefined));
}
