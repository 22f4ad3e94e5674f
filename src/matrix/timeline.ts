// Homeserver operations that read the events of one room: paging back and on, one event.
import { z } from 'zod';
import type { EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { unlessRefused, type MatrixClient } from './client.ts';
import { matrixEventSchema, sortOut, wellFormed, type SetAsideEvent } from './event-schema.ts';

const messagesSchema = z.object({ chunk: z.array(z.unknown()), end: z.string().optional() });

const contextSchema = z.object({
  events_before: wellFormed(matrixEventSchema).optional(),
  start: z.string().optional(),
});

/** A page of the events of a room, in the order that was asked for. */
export interface MessagesPage {
  readonly events: readonly MatrixEvent[];
  /** What stood among them and cannot be stored. */
  readonly setAside: readonly SetAsideEvent[];
  /** The token to go on from; undefined where the room has no more. */
  readonly end: string | undefined;
}

/** Which events of a room are wanted. */
interface Before {
  /** The token to begin at; undefined begins at the newest event. */
  readonly from?: string | undefined;
  /** Only events of these types; undefined stands for all. */
  readonly types?: readonly string[] | undefined;
}

/** Creates the operations on a client. */
export function createTimeline(client: MatrixClient) {
  /** https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages */
  async function page(
    {
      as,
      roomId,
      types,
      ...query
    }: { as: MatrixUserId; roomId: RoomId; dir: 'b' | 'f' } & Pick<Before, 'from' | 'types'>,
    signal: AbortSignal | undefined,
  ): Promise<MessagesPage> {
    const path = ['rooms', roomId, 'messages'];
    const filter = types && JSON.stringify({ types });
    const request = { as, query: { ...query, filter, limit: 100 }, signal };
    const { chunk, end } = await client.get('read messages', path, messagesSchema, request);
    return { ...sortOut(matrixEventSchema, chunk), end };
  }

  return {
    /**
     * A page of a room's events, newest first.
     */
    messagesBefore: (
      as: MatrixUserId,
      roomId: RoomId,
      { from, types }: Before,
      signal?: AbortSignal,
    ): Promise<MessagesPage> => page({ as, roomId, dir: 'b', from, types }, signal),

    /** A page of a room's events after a token, also one of `/sync`, oldest first. */
    messagesAfter: (
      as: MatrixUserId,
      roomId: RoomId,
      from: string,
      signal?: AbortSignal,
    ): Promise<MessagesPage> => page({ as, roomId, dir: 'f', from }, signal),

    /**
     * The events of a room before one of them, newest first, and the token to go on from for `messagesBefore`.
     * @returns undefined when the room has no such event, or the user may not see it
     */
    async contextBefore(
      as: MatrixUserId,
      roomId: RoomId,
      eventId: EventId,
      signal?: AbortSignal,
    ): Promise<{ events: readonly MatrixEvent[]; end: string | undefined } | undefined> {
      const path = ['rooms', roomId, 'context', eventId];
      const request = { as, query: { limit: 100 }, signal };
      const answer = client.get('read context', path, contextSchema, request);
      const context = await unlessRefused(answer, 400, 403, 404);
      return context && { events: context.events_before ?? [], end: context.start };
    },

    /**
     * An event of a room.
     * @returns undefined when the room has no such event, or the user may not see it
     */
    async eventOf(
      as: MatrixUserId,
      roomId: RoomId,
      eventId: EventId,
      signal?: AbortSignal,
    ): Promise<MatrixEvent | undefined> {
      const path = ['rooms', roomId, 'event', eventId];
      return unlessRefused(
        client.get('read event', path, matrixEventSchema, { as, signal }),
        ...[400, 403, 404],
      );
    },
  };
}

/** The events of a room page by page, from the newest back. @param types only events of these; undefined stands for all */
export async function* pagesBefore(
  homeserver: Pick<ReturnType<typeof createTimeline>, 'messagesBefore'>,
  as: MatrixUserId,
  roomId: RoomId,
  signal: AbortSignal,
  types?: readonly string[],
): AsyncGenerator<MessagesPage> {
  for (let from: string | undefined; ;) {
    const page = await homeserver.messagesBefore(as, roomId, { from, types }, signal);
    const { end } = page;
    yield page;
    if (end === undefined || end === from) return;
    from = end;
  }
}
