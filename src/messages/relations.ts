// How an event refers to others: `m.relates_to`. https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events
import { z } from 'zod';
import type { EventId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';

/** The references that were read; what has not their form is left out. */
export interface Relations {
  /** The event whose content this one replaces. */
  readonly replaces?: EventId;
  /** The event that is answered; not the one that stands there only for clients that know no threads. */
  readonly answers?: EventId;
  /** The first event of its thread. */
  readonly threadRoot?: EventId;
  /** The event to which it reacts, and with what. */
  readonly reactsTo?: { readonly target: EventId; readonly key: string };
  /** The event it refers to in a way of its own, as the answer to a poll does. */
  readonly refersTo?: EventId;
}

const eventId = z
  .string()
  .regex(/^\$[!-~]{1,254}$/)
  .transform((id) => id as EventId);

const relatesTo = z.object({
  rel_type: z.string().optional().catch(undefined),
  event_id: eventId.optional().catch(undefined),
  key: z.string().optional().catch(undefined),
  is_falling_back: z.boolean().optional().catch(undefined),
  'm.in_reply_to': z.object({ event_id: eventId }).optional().catch(undefined),
});

/** Reads the relations of an event's content. */
export function relationsOf(content: Readonly<Record<string, unknown>>): Relations {
  const read = relatesTo.safeParse(content['m.relates_to']).data;
  if (read === undefined) return {};
  const { rel_type: type, event_id: target, key, is_falling_back: isFallback } = read;
  const answers = read['m.in_reply_to']?.event_id;
  const relation = target === undefined ? {} : relationOf(type, target, key);
  const isAnswer = answers !== undefined && !(type === 'm.thread' && isFallback === true);
  return { ...relation, ...(isAnswer && { answers }) };
}

function relationOf(type: string | undefined, target: EventId, key: string | undefined): Relations {
  switch (type) {
    case 'm.replace':
      return { replaces: target };
    case 'm.thread':
      return { threadRoot: target };
    case 'm.reference':
      return { refersTo: target };
    case 'm.annotation':
      return key === undefined ? {} : { reactsTo: { target, key } };
    default:
      return {};
  }
}

/**
 * The event that a redaction removes: in its content from room version 11 on, beside it before. Homeservers write both; where
 * they differ, one is the sender's own invention.
 * https://spec.matrix.org/v1.19/rooms/v11/#moving-the-redacts-property-of-mroomredaction-events-to-a-content-property
 */
export function redactedBy({ type, content, redacts }: MatrixEvent): EventId | undefined {
  const { redacts: inContent = redacts } = content;
  if (type !== 'm.room.redaction' || (redacts ?? inContent) !== inContent) return undefined;
  return eventId.safeParse(inContent).data;
}

const emptiedSchema = z.object({ redacted_because: z.looseObject({}) });

/** Whether an event was redacted before it was read, so that nothing but its sender and time is left. */
export function isEmptied({ unsigned }: MatrixEvent): boolean {
  return emptiedSchema.safeParse(unsigned).success;
}
