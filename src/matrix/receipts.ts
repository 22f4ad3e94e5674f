// Read receipts: those that `/sync` shows, and one that is set for a ghost.
import { z } from 'zod';
import { isEventId, isMatrixUserId, type EventId, type MatrixUserId, type RoomId } from '../domain/ids.ts';
import { success, unlessRefused, type MatrixClient } from './client.ts';
import { LATEST } from './event-schema.ts';

/** A user has read a room up to an event. */
export interface Receipt {
  readonly roomId: RoomId;
  readonly userId: MatrixUserId;
  readonly eventId: EventId;
  /** By the clock of the user's homeserver. */
  readonly readAt: Date;
}

/** Creates the operation on a client. */
export function createReceipts(client: Pick<MatrixClient, 'post'>) {
  return {
    /**
     * Says that a user has read a room up to an event. Homeservers leave a later receipt as it is.
     * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid
     * @returns whether the homeserver took it; it does not where the user is not in the room or the event is unknown
     */
    async setReceipt(
      as: MatrixUserId,
      roomId: RoomId,
      eventId: EventId,
      signal?: AbortSignal,
    ): Promise<boolean> {
      const path = ['rooms', roomId, 'receipt', 'm.read', eventId];
      const answer = client.post('set receipt', path, success, { as, body: {}, signal });
      return (await unlessRefused(answer, 400, 403, 404)) !== undefined;
    },
  };
}

const byUser = z.record(z.string(), z.unknown());
const receiptsSchema = z.object({
  type: z.literal('m.receipt'),
  content: z.record(z.string(), z.looseObject({ 'm.read': byUser.optional() }).catch({})),
});
const receiptSchema = z.object({ ts: z.number().min(0).max(LATEST) });

/**
 * The public receipts among the ephemeral events of a room, those of threads too. `m.read.private` and `m.fully_read` are for
 * their user alone and are not read. https://spec.matrix.org/v1.19/client-server-api/#mreceipt
 */
export function receiptsIn(roomId: RoomId, events: readonly unknown[]): readonly Receipt[] {
  return events.flatMap((event) =>
    Object.entries(receiptsSchema.safeParse(event).data?.content ?? {}).flatMap(([eventId, receipts]) =>
      Object.entries(receipts['m.read'] ?? {}).flatMap(([userId, receipt]): Receipt | [] => {
        const ts = receiptSchema.safeParse(receipt).data?.ts;
        if (ts === undefined || !isEventId(eventId) || !isMatrixUserId(userId)) return [];
        return { roomId, userId, eventId, readAt: new Date(ts) };
      }),
    ),
  );
}
