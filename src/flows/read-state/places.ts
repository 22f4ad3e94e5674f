// Where messages of a conversation stand, and which is its last.
import type { EventId, FhirReference, RoomId } from '../../domain/ids.ts';
import { lastOf, type Place } from '../../mapping/read-state/order.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { EVENT_SOURCE } from '../items/event.ts';

/** A message of a conversation, in its place. */
export interface PlacedMessage extends Place {
  readonly eventId: EventId;
  readonly roomId: RoomId;
  /** The Communication; undefined for the first message, which is the conversation's own. */
  readonly message: FhirReference | undefined;
}

/** What it takes to find places. */
export type Placing = Pick<Bridge, 'db' | 'findLogged' | 'store'>;

/** Of how many messages the last is looked for: those that crossed each other on the way. */
const CROSSING = 20;

/** Those of these events that are messages of a conversation. */
export async function findPlaces(
  { db, store, findLogged }: Placing,
  room: Pick<RoomRow, 'firstMessageEventId' | 'roomId'>,
  eventIds: readonly EventId[],
): Promise<ReadonlyMap<EventId, PlacedMessage>> {
  if (eventIds.length === 0) return new Map();
  const logged = await findLogged(db, EVENT_SOURCE, eventIds);
  const found = await store.conversationMessages.findMessages(db, { eventIds });
  const messages = found.map((each): PlacedMessage => ({
    ...{ eventId: each.eventId, roomId: each.roomId, sequence: each.sequence },
    ...{ message: each.communication, logged: logged.get(each.eventId) },
  }));
  const first = eventIds.includes(room.firstMessageEventId ?? ('' as EventId)) ? firstMessage(room) : [];
  return new Map([...first, ...messages].map((each) => [each.eventId, each]));
}

/** The last message of a conversation; undefined for one without any. */
export async function findLast(
  { db, store, findLogged }: Placing,
  room: Pick<RoomRow, 'firstMessageEventId' | 'reference' | 'roomId'>,
): Promise<PlacedMessage | undefined> {
  const found = await store.conversationMessages.findLastMessages(db, room.reference, CROSSING);
  const places = await findPlaces(
    { db, store, findLogged },
    room,
    found.map(({ eventId }) => eventId),
  );
  return lastOf([...places.values()]) ?? firstMessage(room)[0];
}

/** The first message of a conversation, if it has one of its own. */
export function firstMessage({
  firstMessageEventId: eventId,
  roomId,
}: Pick<RoomRow, 'firstMessageEventId' | 'roomId'>): readonly PlacedMessage[] {
  if (eventId === undefined || roomId === undefined) return [];
  return [{ eventId, roomId, sequence: 0, message: undefined, logged: undefined }];
}
