// A reply: `m.in_reply_to` and `Communication.inResponseTo`.
import { parseReference, type EventId, type FhirReference } from '../../domain/ids.ts';
import { messagesShown } from '../shown.ts';
import type { FhirInput, Link, Links } from '../kind.ts';
import { TARGET_MISSING } from '../record.ts';
import { relationsOf } from '../relations.ts';
import type { Aspect, RecordAddition } from './aspect.ts';

/** The key under which a message says that what it answers is not in the room. */
export const TARGET_MISSING_KEY = 'io.github.fhir-matrix-bridge.target_missing';

/** The aspect. https://spec.matrix.org/v1.19/client-server-api/#rich-replies */
export const reply: Aspect = {
  name: 'reply',
  page: {
    matrix: '`m.in_reply_to`',
    fhir: '`inResponseTo`',
    kept: 'which message is answered; the quotation of it in the text is left out',
    lost: 'if that message is not found in time: a record is tagged `target-missing`, a message has a mark',
  },
  refs: (input) => {
    const target = 'event' in input ? relationsOf(input.event.content).answers : answeredIn(input);
    return target === undefined ? [] : [target];
  },
  toFhir: ({ event }, known) => inResponseTo(relationsOf(event.content).answers, known),
  toMatrix: (input, known, _context, part) => {
    const target = answeredIn(input);
    if (target === undefined || part > 0) return {};
    const answered = messageOf(target, known);
    return answered?.eventId === undefined
      ? { [TARGET_MISSING_KEY]: true }
      : { 'm.relates_to': { 'm.in_reply_to': { event_id: answered.eventId } } };
  },
};

/** The Communication that a Communication answers. */
export function answeredIn({ communication }: FhirInput): FhirReference | undefined {
  const references = communication.inResponseTo?.map(({ reference }) => parseReference(reference)) ?? [];
  return references.find((parsed) => parsed?.resourceType === 'Communication')?.reference;
}

/** The link of the message itself that a Communication is: of what is shown, or else of what was. */
export function messageOf(communication: FhirReference, known: Links): Link | undefined {
  const links = known.ofCommunication(communication);
  return messagesShown(links)[0] ?? links.find(({ target }) => target === undefined);
}

/** The element that says to which record an event belongs; a tag where the message is not known. */
export function inResponseTo(target: EventId | undefined, known: Links): RecordAddition {
  const links = target === undefined ? undefined : known.ofEvent(target);
  const answered = links?.find(({ communication }) => communication !== undefined)?.communication;
  if (answered !== undefined)
    return { elements: { inResponseTo: [{ reference: answered, type: 'Communication' }] } };
  // The first message of a conversation is known, and stands in the request that the record is part of.
  return links?.length === 0 ? { tags: [TARGET_MISSING] } : {};
}
