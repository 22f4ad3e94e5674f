// An edit: `m.replace` by the author, and a Communication that a platform changed after it was carried.
import {
  editsOf,
  isLater,
  isRetracted,
  momentOf,
  recordsNow,
  standing,
  type Moment,
} from '../edits/order.ts';
import { corrections, newVersions, type CarriedEdit } from '../edits/records.ts';
import { sendsOf, type Update } from '../edits/sends.ts';
import { eventsShown, lastDigest, messagesShown } from '../shown.ts';
import type { FhirWrite } from '../effects.ts';
import { contentDigest, filesDiffer } from '../envelope.ts';
import {
  defineKind,
  type ContentReader,
  type FhirInput,
  type Link,
  type Links,
  type MatrixInput,
  type NotCarried,
  type ReadEvent,
  type RegisteredKind,
} from '../kind.ts';
import { TARGET_MISSING, type RecordContext } from '../record.ts';
import { relationsOf } from '../relations.ts';

type Edit =
  | ({ readonly what: 'edit' } & CarriedEdit)
  /** The message that is edited is not known: what it says now is a message. */
  | { readonly what: 'orphan'; readonly content: ReadEvent }
  | { readonly what: 'refused'; readonly reason: NotCarried }
  | ({ readonly what: 'update' } & Update);

/**
 * Makes the kind.
 * @param content how the new content is read
 */
export function editKind(content: ContentReader): RegisteredKind {
  return defineKind<Edit>({
    name: 'edit',
    page: {
      matrix: '`m.replace` by the author',
      fhir: 'a new version of the Communication; with `messages.edits: retract-and-correct` it is entered in error, and a new one answers it',
      kept: 'the new content; the old one stays in the history of the record',
      lost: 'an edit that is older than one that was carried; edits by others than the author and edits of edits, which clients do not show either',
    },
    refs: (input) => {
      const target = 'event' in input ? relationsOf(input.event.content).replaces : undefined;
      return target === undefined ? [] : [target];
    },
    fromMatrix: (input, known) => editIn(input, known, content),
    toFhir: (edit, context) => writesOf(edit, context),
    fromFhir: (input, carried) => updateIn(input, carried, content),
    toMatrix: (edit, context) => (edit.what === 'update' ? sendsOf(edit, context) : []),
    lost: (edit) => (edit.what === 'update' ? edit.content.lost : undefined),
    notices: (edit, options) =>
      'content' in edit && edit.what !== 'update' ? edit.content.notices(options) : [],
    ignored: (edit) => (edit.what === 'refused' ? edit.reason : undefined),
  });
}

function editIn(input: MatrixInput, known: Links, reader: ContentReader): Edit | undefined {
  const { event } = input;
  const { replaces: target } = relationsOf(event.content);
  const newContent = event.content['m.new_content'];
  if (target === undefined) return undefined;
  // Without new content it changes nothing, and is what its body says.
  if (typeof newContent !== 'object' || newContent === null || Array.isArray(newContent)) return undefined;
  const read = reader.readEvent({ ...input, event: { ...event, content: { ...newContent } } });
  if (read === undefined) return undefined;
  const originals = known.ofEvent(target);
  if (originals.length === 0) return { what: 'orphan', content: read };
  // An edit has the type of its message; of other types each has a kind of its own.
  if (event.type !== 'm.room.message' && originals.some(({ kind }) => kind !== read.kind)) return undefined;
  if (originals.some(({ sender, kind }) => sender !== event.sender || kind === 'edit'))
    return { what: 'refused', reason: 'not-the-author' };
  const changes = known.changesOf(target);
  const edits = standing(editsOf(target, known), known);
  const at: Moment = [event.origin_server_ts, event.event_id];
  if (isRetracted(changes) || edits.some((edit) => isLater(momentOf(edit), at)))
    return { what: 'refused', reason: 'superseded' };
  return { what: 'edit', target, records: recordsNow(originals, edits), content: read };
}

function writesOf(edit: Edit, context: RecordContext): readonly FhirWrite[] {
  switch (edit.what) {
    case 'edit':
      return context.options.edits === 'new-version'
        ? newVersions(edit, context)
        : corrections(edit, context);
    case 'orphan':
      return edit.content.toFhir(context).map((write) => (write.kind === 'create' ? tagged(write) : write));
    case 'refused':
    case 'update':
      return [];
  }
}

function tagged(write: Extract<FhirWrite, { kind: 'create' }>): FhirWrite {
  const { communication } = write;
  return {
    ...write,
    communication: {
      ...communication,
      meta: { ...communication.meta, tag: [...(communication.meta?.tag ?? []), TARGET_MISSING] },
    },
  };
}

function updateIn(input: FhirInput, carried: readonly Link[], reader: ContentReader): Edit | undefined {
  if (carried.length === 0 || !input.envelope.deliverable) return undefined;
  const content = reader.readCommunication(input);
  if (content === undefined) return undefined;
  const messages = messagesShown(carried);
  const filesChanged = filesDiffer(lastDigest(carried), contentDigest(input.envelope));
  return { what: 'update', content, shown: { messages, events: eventsShown(carried), filesChanged } };
}
