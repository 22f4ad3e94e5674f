// Sends as a ghost that may not be in the room yet, and finds an event that was sent before.
import type { DeliveryId, EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import { DELIVERY_ID_KEY, type MatrixEvent } from '../domain/matrix.ts';
import { isRefusal } from './client.ts';
import type { Homeserver } from './homeserver.ts';
import type { OutgoingEvent, OutgoingRedaction } from './sends.ts';
import { pagesBefore } from './timeline.ts';

interface Deps {
  readonly homeserver: Homeserver;
  /** The user that invites a ghost that is not in the room. */
  readonly bot: MatrixUserId;
  /** Whether a user is the bot or a ghost. */
  readonly isOwn: (userId: MatrixUserId) => boolean;
}

/** Creates the sends on a homeserver. */
export function createSendAs({ homeserver, bot, isOwn }: Deps) {
  /** Sends. If the ghost is not in the room, the bot invites it first. */
  async function inRoom(
    { as, roomId }: Pick<OutgoingEvent, 'as' | 'roomId'>,
    send: () => Promise<EventId>,
    signal: AbortSignal,
  ): Promise<EventId> {
    try {
      return await send();
    } catch (error) {
      if (as === bot || !isRefusal(error, 403)) throw error;
    }
    await homeserver.invite(bot, roomId, as, signal);
    await homeserver.join(as, roomId, signal);
    return send();
  }

  return {
    /** Sends an event with its delivery id in the content. For 24 hours, the same delivery id gives the same event. */
    sendAs(event: OutgoingEvent, signal: AbortSignal): Promise<EventId> {
      const content = { ...event.content, [DELIVERY_ID_KEY]: event.deliveryId };
      return inRoom(event, () => homeserver.sendEvent({ ...event, content }, signal), signal);
    },

    /**
     * Redacts an event. For 24 hours, the same delivery id gives the same redaction. If the ghost may not, because it has left
     * the room or the room is read-only, the bot does.
     */
    async redactAs(redaction: OutgoingRedaction, signal: AbortSignal): Promise<EventId> {
      try {
        return await homeserver.redact(redaction, signal);
      } catch (error) {
        if (redaction.as === bot || !isRefusal(error, 403)) throw error;
      }
      return homeserver.redact({ ...redaction, as: bot }, signal);
    },

    /**
     * Searches the last 1,000 events of the room for events with these delivery ids: the homeserver may have forgotten the
     * transaction ids. Anyone may have copied a delivery id, so only events of the bridge's own users count.
     * @param viewer who is in the room
     */
    async findSent(
      { roomId, viewer }: { readonly roomId: RoomId; readonly viewer: MatrixUserId },
      deliveryIds: readonly DeliveryId[],
      signal: AbortSignal,
    ): Promise<ReadonlyMap<DeliveryId, MatrixEvent>> {
      const wanted = new Set<unknown>(deliveryIds);
      const found = new Map<DeliveryId, MatrixEvent>();
      let pages = 0;
      for await (const { events } of pagesBefore(homeserver, viewer, roomId, signal)) {
        for (const event of events) {
          const id = event.content[DELIVERY_ID_KEY];
          if (wanted.has(id) && isOwn(event.sender)) found.set(id as DeliveryId, event);
        }
        pages += 1;
        if (found.size === wanted.size || pages === 10) break;
      }
      return found;
    },
  };
}

export type Sending = ReturnType<typeof createSendAs>;
