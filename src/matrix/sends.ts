// Homeserver operations that send: events that are not state, and redactions.
import { z } from 'zod';
import type { DeliveryId, EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixClient } from './client.ts';

/** An event that is sent once. */
export interface OutgoingEvent {
  readonly as: MatrixUserId;
  readonly roomId: RoomId;
  readonly deliveryId: DeliveryId;
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch, shown as the time of sending. */
  readonly timestamp?: number | undefined;
}

/** A redaction that is sent once. */
export interface OutgoingRedaction extends Pick<OutgoingEvent, 'as' | 'roomId' | 'deliveryId'> {
  readonly eventId: EventId;
}

const eventIdSchema = z.object({ event_id: z.string().transform((id) => id as EventId) });

/** Creates the operations on a client. */
export function createSends(client: MatrixClient) {
  return {
    /**
     * Sends an event that is not state. For 24 hours, the same delivery id by the same user gives the same event.
     * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
     * https://spec.matrix.org/v1.19/application-service-api/#timestamp-massaging
     */
    async sendEvent(event: OutgoingEvent, signal?: AbortSignal): Promise<EventId> {
      const { as, roomId, type, deliveryId, content: body, timestamp } = event;
      const path = ['rooms', roomId, 'send', type, deliveryId];
      const request = { as, query: { ts: timestamp }, body, signal };
      return (await client.put('send message', path, eventIdSchema, request)).event_id;
    },

    /** Redacts an event. For 24 hours, the same delivery id by the same user gives the same redaction. */
    async redact(redaction: OutgoingRedaction, signal?: AbortSignal): Promise<EventId> {
      const { as, roomId, eventId, deliveryId } = redaction;
      const path = ['rooms', roomId, 'redact', eventId, deliveryId];
      return (await client.put('redact', path, eventIdSchema, { as, body: {}, signal })).event_id;
    },
  };
}
