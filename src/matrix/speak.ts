// Sends a message as a ghost that may not be in the room yet.
import type { DeliveryId, EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import { DELIVERY_ID_KEY } from '../domain/matrix.ts';
import { MatrixRefusal } from './client.ts';
import type { Homeserver } from './homeserver.ts';

/** A message to be sent once. */
export interface Speech {
  readonly as: MatrixUserId;
  readonly roomId: RoomId;
  readonly deliveryId: DeliveryId;
  readonly content: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch to show as the time of sending. */
  readonly timestamp?: number | undefined;
}

/** Creates the sending of messages. */
export function createSpeak({ homeserver, bot }: { homeserver: Homeserver; bot: MatrixUserId }) {
  return {
    /** Sends, and where the ghost is not in the room has the bot invite it first. Repeats the same delivery id. */
    async speak(speech: Speech, signal: AbortSignal): Promise<EventId> {
      const { as, roomId } = speech;
      try {
        return await homeserver.sendMessage(as, roomId, speech, signal);
      } catch (error) {
        if (as === bot || !(error instanceof MatrixRefusal) || error.status !== 403) throw error;
      }
      await homeserver.invite(bot, roomId, as, signal);
      await homeserver.join(as, roomId, signal);
      return homeserver.sendMessage(as, roomId, speech, signal);
    },

    /**
     * Looks for a message sent before, by the delivery id it carries: for when the homeserver may have forgotten
     * the txn id. Looks at the last thousand events of the room.
     */
    async findSpoken(
      roomId: RoomId,
      deliveryId: DeliveryId,
      signal: AbortSignal,
    ): Promise<EventId | undefined> {
      let from: string | undefined;
      for (let page = 0; page < 10; page += 1) {
        const { events, end } = await homeserver.messagesBefore(bot, roomId, { from }, signal);
        const found = events.find((event) => event.content[DELIVERY_ID_KEY] === deliveryId);
        if (found !== undefined) return found.event_id;
        if (end === undefined) return undefined;
        from = end;
      }
      return undefined;
    },
  };
}

export type Speaking = ReturnType<typeof createSpeak>;
