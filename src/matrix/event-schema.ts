// The zod schemas of incoming Matrix events, and the cleaning that PostgreSQL's jsonb needs.
import { z } from 'zod';
import type { EventId, MatrixUserId, RoomId } from '../domain/ids.ts';

const text = z.string().transform(storable);

const roomEventFields = z.looseObject({
  event_id: z.string().transform((id) => id as EventId),
  sender: z.string().transform((id) => id as MatrixUserId),
  type: z.string(),
  origin_server_ts: z.number(),
  state_key: z.string().optional(),
  content: z.record(z.string(), z.unknown()),
});

/** An event without `room_id`, as in the `/sync` timeline of a room. Fields that this version does not know are kept. */
export const roomEventSchema = roomEventFields.transform(storable);

/** An event in client format, with its room. Fields that this version does not know are kept too. */
export const matrixEventSchema = roomEventFields
  .extend({ room_id: z.string().transform((id) => id as RoomId) })
  .transform(storable);

/** A state event as an invited user sees it. https://spec.matrix.org/v1.19/client-server-api/#stripped-state */
export const strippedEventSchema = z.object({
  type: text,
  state_key: text,
  sender: text.transform((id) => id as MatrixUserId),
  content: z.record(z.string(), z.unknown()).transform(storable),
});

/** The well-formed events of a list. A malformed one must not stop the reader for ever. */
export function wellFormed<Event>(schema: z.ZodType<Event>) {
  return z
    .array(z.unknown())
    .transform((events) => events.flatMap((event): Event | [] => schema.safeParse(event).data ?? []));
}

/**
 * The value with NUL characters and lone surrogates replaced by U+FFFD. Matrix allows both in strings, jsonb does not. If the
 * bridge refused such an event, the homeserver's transactions would stop for good.
 */
export function storable<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD');
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [clean(key), clean(child)]));
  }
  return value;
}
