// Homeserver operations that send: events that are not state, and redactions.
import { z } from 'zod';
import type { DeliveryId, EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixClient, MatrixRequest } from './client.ts';

const eventIdSchema = z.object({ event_id: z.string().transform((id) => id as EventId) });
const segment = encodeURIComponent;

/** Creates the operations on a client. */
export function createSends(client: MatrixClient) {
  return {
    /**
     * Sends an event that is not state. For 24 hours, the same delivery id by the same user gives the same event.
     * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
     * @param timestamp milliseconds since the epoch, shown as the time of sending:
     * https://spec.matrix.org/v1.19/application-service-api/#timestamp-massaging
     */
    async sendEvent(
      event: {
        as: MatrixUserId;
        roomId: RoomId;
        type: string;
        deliveryId: DeliveryId;
        content: Readonly<Record<string, unknown>>;
        timestamp?: number | undefined;
      },
      signal?: AbortSignal,
    ): Promise<EventId> {
      const { as, roomId, type, deliveryId, content, timestamp } = event;
      const answer = await client.request(
        {
          operation: 'send message',
          method: 'PUT',
          path: `/rooms/${segment(roomId)}/send/${segment(type)}/${segment(deliveryId)}`,
          as,
          query: timestamp === undefined ? {} : { ts: timestamp },
          body: content,
          signal,
        },
        eventIdSchema,
      );
      return answer.event_id;
    },

    /** Redacts an event. For 24 hours, the same delivery id by the same user gives the same redaction. */
    async redact(
      redaction: { as: MatrixUserId; roomId: RoomId; eventId: EventId; deliveryId: DeliveryId },
      signal?: AbortSignal,
    ): Promise<EventId> {
      const { as, roomId, eventId, deliveryId } = redaction;
      const path = `/rooms/${segment(roomId)}/redact/${segment(eventId)}/${segment(deliveryId)}`;
      const request: MatrixRequest = { operation: 'redact', method: 'PUT', path, as, body: {}, signal };
      return (await client.request(request, eventIdSchema)).event_id;
    },
  };
}
