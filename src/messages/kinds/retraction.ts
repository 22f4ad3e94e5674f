// A retraction: the redaction of a message, and a Communication that is entered in error.
import type { EventId, FhirReference } from '../../domain/ids.ts';
import type { FhirWrite, MatrixSend } from '../effects.ts';
import { defineKind, type Link, type Links, type MatrixInput, type NotCarried } from '../kind.ts';
import { redactedBy } from '../relations.ts';
import { retracted } from '../retracted.ts';

type Retraction =
  | { readonly what: 'message'; readonly target: EventId; readonly records: readonly FhirReference[] }
  /** The message stands again as it stood before an edit. */
  | {
      readonly what: 'edit';
      readonly target: EventId;
      readonly reference: FhirReference;
      readonly digest: string;
    }
  | { readonly what: 'refused'; readonly reason: NotCarried }
  | { readonly what: 'record'; readonly events: readonly EventId[]; readonly by: 'bot' | undefined };

/** The kind. https://spec.matrix.org/v1.19/client-server-api/#redactions */
export const retraction = defineKind<Retraction>({
  name: 'retraction',
  page: {
    matrix: '`m.room.redaction` by the author, or by a member who may redact what others wrote',
    fhir: 'status `entered-in-error`; also every other status that says a message is not to be shown',
    kept: 'that there was a message, whose and when; its text only with `messages.retractedText: kept`',
    lost: 'the reason of a redaction',
  },
  refs: (input) => {
    const target = 'event' in input ? redactedBy(input.event) : undefined;
    return target === undefined ? [] : [target];
  },
  fromMatrix: retractionIn,
  toFhir: (message, { options }): readonly FhirWrite[] => {
    switch (message.what) {
      case 'message':
        return message.records.map((reference) => ({
          ...{ kind: 'change', reference, target: message.target },
          apply: (before) => retracted(before, options),
        }));
      case 'edit': {
        const { reference, target, digest } = message;
        return [{ kind: 'restore', reference, target, digest }];
      }
      case 'refused':
      case 'record':
        return [];
    }
  },
  fromFhir: ({ envelope }, carried) => {
    if (carried.length === 0 || (envelope.deliverable && envelope.parts.length > 0)) return undefined;
    const gone = new Set(carried.flatMap(({ kind, target }) => (kind === 'retraction' ? [target] : [])));
    const shown = carried.flatMap(({ kind, eventId }) => (kind === 'retraction' ? [] : (eventId ?? [])));
    const events = [...new Set(shown)].filter((eventId) => !gone.has(eventId));
    return { what: 'record', events, by: carried[0]?.origin === 'matrix' ? 'bot' : undefined };
  },
  toMatrix: (message): readonly MatrixSend[] =>
    message.what === 'record'
      ? message.events.map((eventId) => ({ kind: 'redact', eventId, ...(message.by && { by: message.by }) }))
      : [],
  ignored: (message) => (message.what === 'refused' ? message.reason : undefined),
});

function retractionIn({ event, mayRedact }: MatrixInput, known: Links): Retraction | undefined {
  const target = redactedBy(event);
  if (target === undefined) return undefined;
  const links = known.ofEvent(target).filter(({ communication }) => communication !== undefined);
  const [link] = links;
  if (link === undefined) return { what: 'refused', reason: 'target-missing' };
  if (!mayRedact && link.sender !== event.sender) return { what: 'refused', reason: 'not-the-author' };
  if (link.kind === 'edit' && link.target !== undefined) return undoneEdit(link, link.target, known);
  const all = [...links, ...known.changesOf(target)].filter(({ kind }) => kind !== 'reaction');
  return {
    what: 'message',
    target,
    records: [...new Set(all.flatMap(({ communication }) => communication ?? []))],
  };
}

/** Only the last edit is seen; without it the message says what it said before. */
function undoneEdit(edit: Link, message: EventId, known: Links): Retraction {
  const carried = [...known.ofEvent(message), ...known.changesOf(message)];
  const versions = carried.filter(
    ({ kind, communication }) => kind !== 'reaction' && communication === edit.communication,
  );
  const before = versions.at(versions.findIndex(({ eventId }) => eventId === edit.eventId) - 1);
  const isLast = versions.at(-1)?.eventId === edit.eventId;
  if (!isLast || edit.communication === undefined || before?.digest === undefined)
    return { what: 'refused', reason: 'superseded' };
  return { what: 'edit', target: message, reference: edit.communication, digest: before.digest };
}
