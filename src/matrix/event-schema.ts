// The zod schemas of incoming Matrix events, and the cleaning that PostgreSQL's jsonb needs.
import { z } from 'zod';
import { isEventId, isMatrixUserId, type EventId, type MatrixUserId, type RoomId } from '../domain/ids.ts';

const text = z.string().transform(storable);

/** Values in values, at most. No message needs a tenth of it, and what walks through them stays far from the end of the stack. */
const MOST_LEVELS = 100;
/** The 255 bytes of the specification, as the longest text that a homeserver may take for them. */
const id = z.string().min(1).max(510);

/** The latest time that PostgreSQL, FHIR and JavaScript can all hold, in milliseconds. */
export const LATEST = Date.UTC(9999, 11, 31);

/** Any server may give any number: what no calendar has becomes the latest time, or one before 1970, which no record bears. */
const time = z.number().transform((ms) => Math.max(-1, Math.min(ms, LATEST)));

const roomEventFields = z.looseObject({
  event_id: id.transform((value) => value as EventId),
  sender: id.transform((value) => value as MatrixUserId),
  type: z.string().max(510),
  origin_server_ts: time,
  state_key: z.string().max(510).optional(),
  content: z.record(z.string(), z.unknown()),
});

/** An event without `room_id`, as in the `/sync` timeline of a room. Fields that this version does not know are kept. */
export const roomEventSchema = roomEventFields.refine(isShallow).transform(storable);

/** An event in client format, with its room. Fields that this version does not know are kept too. */
export const matrixEventSchema = roomEventFields
  .extend({ room_id: id.transform((value) => value as RoomId) })
  .refine(isShallow)
  .transform(storable);

/** A state event as an invited user sees it. https://spec.matrix.org/v1.19/client-server-api/#stripped-state */
export const strippedEventSchema = z.object({
  type: text,
  state_key: text,
  sender: z.string().refine(isMatrixUserId),
  content: z.record(z.string(), z.unknown()).refine(isShallow).transform(storable),
});

/** The well-formed events of a list. A malformed one must not stop the reader for ever. */
export function wellFormed<Event>(schema: z.ZodType<Event>) {
  return z.array(z.unknown()).transform((events) => sortOut(schema, events).events);
}

/** Something in the place of an event that cannot be stored. */
export interface SetAsideEvent {
  /** Undefined where it has none that is one. */
  readonly eventId: EventId | undefined;
  readonly reason: 'malformed' | 'too-deep';
}

/** A list of events, and what in it is none or cannot be stored: that must not stop the others. */
export interface SortedOut<Event> {
  readonly events: readonly Event[];
  readonly setAside: readonly SetAsideEvent[];
}

/** Parts the events of a list from what cannot be stored. */
export function sortOut<Event>(schema: z.ZodType<Event>, values: readonly unknown[]): SortedOut<Event> {
  const events: Event[] = [];
  const setAside: SetAsideEvent[] = [];
  for (const value of values) {
    const parsed = schema.safeParse(value);
    if (parsed.success) events.push(parsed.data);
    else setAside.push({ eventId: eventIdIn(value), reason: isShallow(value) ? 'malformed' : 'too-deep' });
  }
  return { events, setAside };
}

const identified = z.looseObject({ event_id: z.custom<EventId>(isEventId) });

function eventIdIn(value: unknown): EventId | undefined {
  return identified.safeParse(value).data?.event_id;
}

/**
 * Whether a value has no more levels than any legal one. PostgreSQL, `JSON.stringify` and all that walks through a value call
 * themselves for each level: a hostile message of some thousand levels would end in an error of the stack.
 */
function isShallow(value: unknown, levels = MOST_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((child) => isShallow(child, levels - 1));
}

/**
 * The value with NUL characters and lone surrogates replaced by U+FFFD. Matrix allows both in strings, jsonb does not. If the
 * bridge refused such an event, the homeserver's transactions would stop for good.
 */
function storable<T>(value: T): T {
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
