// A reaction, and its redaction: a note on the record of the message, where the operator wants it.
import { createHash } from 'node:crypto';
import type { Annotation } from 'fhir/r4.js';
import type { Communication } from '../../domain/fhir.ts';
import type { EventId, FhirReference } from '../../domain/ids.ts';
import type { FhirWrite } from '../effects.ts';
import { defineKind, type Links, type MatrixInput, type NotCarried } from '../kind.ts';
import type { RecordContext } from '../record.ts';
import { redactedBy, relationsOf } from '../relations.ts';
import { isOfFirstMessage } from '../shown.ts';

type Reaction =
  | {
      readonly what: 'reaction';
      readonly reference: FhirReference;
      readonly target: EventId;
      readonly text: string;
    }
  | {
      readonly what: 'taken-back';
      readonly reference: FhirReference;
      readonly target: EventId;
      readonly reaction: EventId;
    }
  /** The message stands in the conversation's own resource, which has no notes of messages. */
  | { readonly what: 'of-first-message' }
  | { readonly what: 'refused'; readonly reason: NotCarried };

/** The longest reaction that is kept, in characters; clients send one emoji, or a word. */
const LONGEST_KEY = 64;

/** The kind. https://spec.matrix.org/v1.19/client-server-api/#event-annotations-and-reactions */
export const reaction = defineKind<Reaction>({
  name: 'reaction',
  page: {
    matrix: '`m.reaction`, and its redaction',
    fhir: 'with `messages.reactions: note` a `note` on the Communication, with its author and time',
    kept: 'the emoji, who reacted and when',
    lost: 'by default the reaction, and any to the first message of a conversation, which its CommunicationRequest holds: its sender reads a notice; notes that a platform writes',
  },
  refs: (input) => {
    const target =
      'event' in input && isReaction(input) ? relationsOf(input.event.content).reactsTo?.target : undefined;
    return target === undefined ? [] : [target];
  },
  fromMatrix: (input, known) => (isReaction(input) ? reactionIn(input, known) : takenBackIn(input, known)),
  toFhir: (message, context): readonly FhirWrite[] => {
    if (message.what === 'refused' || message.what === 'of-first-message') return [];
    if (context.options.reactions === 'off') return [];
    const { reference, target } = message;
    const apply = (before: Communication) =>
      message.what === 'reaction'
        ? withNote(before, message.text, context)
        : withoutNote(before, message.reaction);
    return [{ kind: 'change', reference, target, apply }];
  },
  fromFhir: () => undefined,
  toMatrix: () => [],
  notices: ({ what }, { reactions }) =>
    what === 'of-first-message' || (what === 'reaction' && reactions === 'off') ? ['unsupported-event'] : [],
  ignored: (message) => (message.what === 'refused' ? message.reason : undefined),
});

function isReaction({ event }: MatrixInput): boolean {
  return event.type === 'm.reaction';
}

function reactionIn({ event }: MatrixInput, known: Links): Reaction | undefined {
  const { reactsTo } = relationsOf(event.content);
  const text = textOf(reactsTo?.key ?? '');
  if (reactsTo === undefined || text === '') return undefined;
  const { target } = reactsTo;
  if (isOfFirstMessage(target, known)) return { what: 'of-first-message' };
  const reference = known
    .ofEvent(target)
    .find(({ communication }) => communication !== undefined)?.communication;
  if (reference === undefined) return { what: 'refused', reason: 'target-missing' };
  return { what: 'reaction', reference, target, text };
}

/** What a note may hold: neither control characters nor half a character at the end. */
function textOf(key: string): string {
  const begin = key.slice(0, 4 * LONGEST_KEY).toWellFormed();
  const characters = Array.from(new Intl.Segmenter().segment(begin), ({ segment }) => segment);
  return characters
    .slice(0, LONGEST_KEY)
    .join('')
    .replaceAll(/\p{Cc}/gu, '')
    .trim();
}

function takenBackIn({ event, mayRedact }: MatrixInput, known: Links): Reaction | undefined {
  const target = redactedBy(event);
  const link =
    target === undefined ? undefined : known.ofEvent(target).find(({ kind }) => kind === 'reaction');
  if (link?.communication === undefined || link.target === undefined || target === undefined)
    return undefined;
  if (!mayRedact && link.sender !== event.sender) return { what: 'refused', reason: 'not-the-author' };
  return { what: 'taken-back', reference: link.communication, target: link.target, reaction: target };
}

function withNote(before: Communication, text: string, context: RecordContext): Communication | undefined {
  const { event, sentAt } = context;
  const { person } = context.author;
  const id = noteId(event.event_id);
  if (before.note?.some((note) => note.id === id)) return undefined;
  const author =
    person === undefined || person.startsWith('PractitionerRole/')
      ? { authorString: event.sender }
      : { authorReference: context.author.sender };
  const note: Annotation = {
    id,
    ...author,
    ...(sentAt >= 0 && { time: new Date(sentAt).toISOString() }),
    text,
  };
  return { ...before, note: [...(before.note ?? []), note] };
}

function withoutNote(before: Communication, reaction: EventId): Communication | undefined {
  const { note = [], ...rest } = before;
  const staying = note.filter(({ id }) => id !== noteId(reaction));
  if (staying.length === note.length) return undefined;
  // FHIR allows no empty lists.
  return staying.length === 0 ? rest : { ...rest, note: staying };
}

/** The id of the note within its record. https://hl7.org/fhir/R4/element-definitions.html#Element.id */
function noteId(eventId: EventId): string {
  return `reaction-${createHash('sha256').update(eventId).digest('hex').slice(0, 32)}`;
}
