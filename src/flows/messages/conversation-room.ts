// The room of a conversation: its own, or one of another organisation to which a person was invited.
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import type { ReceivedConversation } from '../../store/invitations.ts';
import type { Queryable } from '../../store/database.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Store } from '../../store/tables.ts';

/** A room as far as the messages in it need it. */
export interface ConversationRoom extends Pick<
  RoomRow,
  'firstMessageEventId' | 'phase' | 'ready' | 'reference' | 'roomId' | 'subject' | 'unsafe'
> {
  /** In a room of another organisation, the ghosts that were invited. */
  readonly guests?: ReceivedConversation['guests'];
}

/** Finds the room of a conversation; one that is not made yet has no id. */
export async function findConversationRoom(
  { invitations, rooms }: Pick<Store, 'invitations' | 'rooms'>,
  db: Queryable,
  conversation: FhirReference,
): Promise<ConversationRoom | undefined> {
  const own = await rooms.findRoom(db, conversation);
  if (own?.ready === true) return own;
  const received = await invitations.findReceived(db, conversation);
  return received === undefined ? own : roomOf(received);
}

/** Finds a room by its id; of one that was replaced, the room that the conversation has now. */
export async function findRoomById(
  { roomUses }: Pick<Store, 'roomUses'>,
  db: Queryable,
  roomId: RoomId,
): Promise<ConversationRoom | undefined> {
  const use = await roomUses.findRoomUse(db, roomId);
  if (use.kind === 'received') return roomOf(use.received);
  return 'room' in use ? use.room : undefined;
}

function roomOf(received: ReceivedConversation): ConversationRoom {
  return { ...received, phase: 'open', ready: true, unsafe: false, firstMessageEventId: undefined };
}
