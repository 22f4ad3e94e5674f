// A retraction: the redaction of a message, and a Communication that is entered in error.
import type { Communication } from '../../domain/fhir.ts';
import type { EventId, FhirReference } from '../../domain/ids.ts';
import { eventsShown, isOfFirstMessage } from '../shown.ts';
import { editsOf } from '../edits/order.ts';
import { undoneBy, type Undone } from '../edits/undo.ts';
import type { FhirWrite, MatrixSend } from '../effects.ts';
import { defineKind, type Link, type Links, type MatrixInput, type NotCarried } from '../kind.ts';
import type { RecordContext } from '../record.ts';
import { redactedBy } from '../relations.ts';
import { retracted } from '../retracted.ts';
import { reasonIn, reasonProvenance } from '../retraction-reason.ts';

type Retraction =
  | { readonly what: 'message'; readonly target: EventId; readonly records: readonly FhirReference[] }
  /** The message stands again as it stood before an edit. */
  | {
      readonly what: 'edit';
      /** The edit. */
      readonly target: EventId;
      readonly reference: FhirReference;
      readonly undone: readonly Undone[];
    }
  | { readonly what: 'refused'; readonly reason: NotCarried }
  /** The message stands in the conversation's own resource, which stays as it is. */
  | { readonly what: 'first-message' }
  | { readonly what: 'record'; readonly events: readonly EventId[] };

/** The kind. https://spec.matrix.org/v1.19/client-server-api/#redactions */
export const retraction = defineKind<Retraction>({
  name: 'retraction',
  page: {
    matrix: '`m.room.redaction` by the author, or by a member who may redact what others wrote',
    fhir: 'status `entered-in-error`; also every other status that says a message is not to be shown, and the removal of all content',
    kept: 'that there was a message, whose and when; its text only with `messages.retractedText: kept`; of a redacted edit, what the message said before; with `messages.retractionReason: provenance` the reason, as a Provenance of the new version',
    lost: 'by default the reason of a redaction; that the first message of a conversation, which its CommunicationRequest holds, was removed: who did so reads a notice',
  },
  refs: (input) => {
    const target = 'event' in input ? redactedBy(input.event) : undefined;
    return target === undefined ? [] : [target];
  },
  fromMatrix: retractionIn,
  toFhir: writesOf,
  notices: ({ what }) => (what === 'first-message' ? ['unsupported-event'] : []),
  fromFhir: ({ envelope }, carried) =>
    carried.length === 0 || (envelope.deliverable && envelope.parts.length > 0)
      ? undefined
      : { what: 'record', events: eventsShown(carried) },
  toMatrix: (message): readonly MatrixSend[] =>
    message.what === 'record' ? message.events.map((eventId) => ({ kind: 'redact', eventId })) : [],
  ignored: (message) => (message.what === 'refused' ? message.reason : undefined),
});

function writesOf(message: Retraction, context: RecordContext): readonly FhirWrite[] {
  switch (message.what) {
    case 'message': {
      const { target, records } = message;
      return records.map((reference) => retract(reference, target, context));
    }
    case 'edit':
      return undo(message, context);
    case 'refused':
    case 'first-message':
    case 'record':
      return [];
  }
}

function retractionIn({ event, mayRedact }: MatrixInput, known: Links): Retraction | undefined {
  const target = redactedBy(event);
  if (target === undefined) return undefined;
  if (isOfFirstMessage(target, known)) return { what: 'first-message' };
  const links = known.ofEvent(target).filter(({ communication }) => communication !== undefined);
  const [link] = links;
  if (link?.communication === undefined) return { what: 'refused', reason: 'target-missing' };
  if (!mayRedact && link.sender !== event.sender) return { what: 'refused', reason: 'not-the-author' };
  if (link.kind === 'edit' && link.target !== undefined)
    return { what: 'edit', target, reference: link.communication, undone: undoneBy(link, known) };
  const all: readonly Link[] = [...links, ...editsOf(target, known)];
  const records = new Set(all.flatMap(({ communication }) => communication ?? []));
  return { what: 'message', target, records: [...records] };
}

function undo(
  { target, reference, undone }: Extract<Retraction, { what: 'edit' }>,
  context: RecordContext,
): readonly FhirWrite[] {
  // Nothing is seen of it, but that it was redacted has to be known: its text must never come back.
  if (undone.length === 0) return [{ kind: 'change', reference, target, apply: () => undefined }];
  return undone.map(({ reference: record, digest }) =>
    digest === undefined
      ? retract(record, target, context)
      : { kind: 'restore', reference: record, target, digest, ...reasonGiven(context) },
  );
}

function retract(reference: FhirReference, target: EventId, context: RecordContext): FhirWrite {
  const apply = (before: Communication) => retracted(before, context.options);
  return { kind: 'change', reference, target, apply, ...reasonGiven(context) };
}

function reasonGiven(context: RecordContext): Pick<Extract<FhirWrite, { kind: 'change' }>, 'provenance'> {
  const reason = context.options.retractionReason === 'off' ? undefined : reasonIn(context.event);
  return reason === undefined ? {} : { provenance: (made) => reasonProvenance(reason, context, made) };
}
