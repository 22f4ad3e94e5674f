// The item that stands for all Communications of a conversation that waited long for its room: they are read again once it is there.
import { z } from 'zod';
import type { FhirReference } from '../../domain/ids.ts';
import { structureLane } from '../../mapping/lanes.ts';
import type { WaitingItem } from '../../store/waiting-items.ts';
import { changeItemSchema } from './fhir-change.ts';
import { deletionItemSchema } from './fhir-deletion.ts';
import { reference } from './ids.ts';

const standsForSchema = z.discriminatedUnion('kind', [changeItemSchema, deletionItemSchema]);

export const conversationMessagesItemSchema = z.object({
  kind: z.literal('conversation-messages'),
  reference,
  /** The stamp from which on they are read, where those before have been. */
  from: z.string().optional(),
  /** What came since it stands for the others: should a search not show it yet, it comes last. */
  also: z.array(standsForSchema).optional(),
});
export type ConversationMessagesItem = z.infer<typeof conversationMessagesItemSchema>;

/** The item as it waits for the room of its conversation. */
export function gatheredItem(request: FhirReference): WaitingItem {
  const payload: ConversationMessagesItem = { kind: 'conversation-messages', reference: request };
  return { about: request, lane: structureLane(request), payload };
}

/**
 * The payload, with what has come since; undefined where this is no such payload, or something that it cannot stand for.
 * @param since payloads
 */
export function standingAlsoFor(
  payload: unknown,
  since: readonly unknown[],
): ConversationMessagesItem | undefined {
  const item = conversationMessagesItemSchema.safeParse(payload).data;
  const read = z.array(standsForSchema).safeParse(since).data;
  if (item === undefined || read === undefined) return undefined;
  return { ...item, also: [...(item.also ?? []), ...read] };
}
