// Homeserver operations that read the events of rooms: paging back, `/sync`.
import { z } from 'zod';
import type { EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { unlessRefused, type MatrixClient } from './client.ts';
import {
  matrixEventSchema,
  roomEventSchema,
  sortOut,
  strippedEventSchema,
  wellFormed,
  type SetAsideEvent,
} from './event-schema.ts';

const messagesSchema = z.object({ chunk: z.array(z.unknown()), end: z.string().optional() });

const contextSchema = z.object({
  events_before: wellFormed(matrixEventSchema).optional(),
  start: z.string().optional(),
});

const syncSchema = z.object({
  next_batch: z.string(),
  to_device: z.object({ events: z.array(z.record(z.string(), z.unknown())) }).optional(),
  rooms: z
    .object({
      join: z
        .record(
          z.string(),
          z.object({
            timeline: z
              .object({
                events: z.array(z.unknown()),
                limited: z.boolean().optional(),
                prev_batch: z.string().optional(),
              })
              .transform(({ events, ...rest }) => ({ ...rest, ...sortOut(roomEventSchema, events) }))
              .optional(),
            ephemeral: z.object({ events: z.array(z.unknown()) }).optional(),
          }),
        )
        .optional(),
      invite: z
        .record(z.string(), z.object({ invite_state: z.object({ events: wellFormed(strippedEventSchema) }) }))
        .optional(),
    })
    .optional(),
});

export type SyncAnswer = z.output<typeof syncSchema>;

/** Only what the reader needs: the timelines and receipts of the bot's rooms. Its invitations come with every filter. */
const SYNC_FILTER = JSON.stringify({
  presence: { not_types: ['*'] },
  account_data: { not_types: ['*'] },
  room: {
    account_data: { not_types: ['*'] },
    ephemeral: { types: ['m.receipt'] },
    state: { not_types: ['*'] },
    timeline: { limit: 100 },
  },
});

/** A page of the events of a room, newest first. */
export interface MessagesPage {
  readonly events: readonly MatrixEvent[];
  /** What stood among them and cannot be stored. */
  readonly setAside: readonly SetAsideEvent[];
  /** The token to go on from; undefined at the beginning of the room. */
  readonly end: string | undefined;
}

/** Creates the operations on a client. */
export function createTimeline(client: MatrixClient) {
  return {
    /**
     * A page of a room's events, newest first.
     * @param from the token to begin at; undefined begins at the newest event
     * @param to the token to stop at
     */
    async messagesBefore(
      as: MatrixUserId,
      roomId: RoomId,
      { from, to }: { from?: string | undefined; to?: string | undefined },
      signal?: AbortSignal,
    ): Promise<MessagesPage> {
      const request = { as, query: { dir: 'b', limit: 100, from, to }, signal };
      const path = ['rooms', roomId, 'messages'];
      const { chunk, end } = await client.get('read messages', path, messagesSchema, request);
      return { ...sortOut(matrixEventSchema, chunk), end };
    },

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

    /** The events in the user's rooms since a token; without one, the token of this moment. */
    async sync(as: MatrixUserId, since: string | undefined, signal?: AbortSignal): Promise<SyncAnswer> {
      const query = { filter: SYNC_FILTER, timeout: 0, set_presence: 'offline', since };
      return client.get('sync', ['sync'], syncSchema, { as, query, signal, timeoutMs: 60_000 });
    },
  };
}

/** The events of a room page by page, newest first, from one token back to another; see `messagesBefore`. */
export async function* pagesBefore(
  homeserver: Pick<ReturnType<typeof createTimeline>, 'messagesBefore'>,
  as: MatrixUserId,
  roomId: RoomId,
  { from, to }: { from?: string; to?: string },
  signal: AbortSignal,
): AsyncGenerator<MessagesPage> {
  for (let token = from; ;) {
    const page = await homeserver.messagesBefore(as, roomId, { from: token, to }, signal);
    const { end } = page;
    yield page;
    if (end === undefined || end === token) return;
    token = end;
  }
}
