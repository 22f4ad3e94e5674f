// What an edit in Matrix writes: new versions of the records of its message, or corrections of them.
import type { Coding, CommunicationPayload, Reference } from 'fhir/r4.js';
import { isDeepStrictEqual } from 'node:util';
import { MESSAGE_KIND_SYSTEM, RECORD_TAG_SYSTEM, type Communication } from '../../domain/fhir.ts';
import type { EventId, FhirReference } from '../../domain/ids.ts';
import type { FhirWrite } from '../effects.ts';
import type { ReadEvent } from '../kind.ts';
import { distinct } from '../read.ts';
import { TARGET_MISSING, type RecordContext } from '../record.ts';
import { retracted } from '../retracted.ts';

/** An edit of a message that was carried. */
export interface CarriedEdit {
  /** The event of the message. */
  readonly target: EventId;
  /** The records in which it stands. */
  readonly records: readonly FhirReference[];
  readonly content: ReadEvent;
}

/** New versions with the new content; a record of which nothing is left is retracted until an edit needs it again. */
export function newVersions(
  { target, records, content }: CarriedEdit,
  context: RecordContext,
): readonly FhirWrite[] {
  const made = createdBy(content, { ...context, event: { ...context.event, event_id: target } });
  return records.map((reference, index): FhirWrite => {
    const isLast = index === records.length - 1;
    const mine = isLast ? made.slice(index) : made.slice(index, index + 1);
    const content = contentOf(mine.map(({ communication }) => communication));
    const apply = (before: Communication) =>
      mine.length === 0 ? emptied(before, context.options) : withContent(before, content);
    return { kind: 'change', reference, target, apply };
  });
}

/** The records in error, and new ones that answer them. */
export function corrections(
  { target, records, content }: CarriedEdit,
  context: RecordContext,
): readonly FhirWrite[] {
  const inResponseTo = records.map((reference) => ({ reference, type: 'Communication' }));
  return [
    ...records.map((reference): FhirWrite => ({
      kind: 'change',
      reference,
      target,
      apply: (before) => retracted(before, context.options),
    })),
    ...createdBy(content, context).map((write) => ({
      ...write,
      communication: { ...write.communication, inResponseTo },
    })),
  ];
}

function createdBy(
  content: ReadEvent,
  context: RecordContext,
): readonly Extract<FhirWrite, { kind: 'create' }>[] {
  return content.toFhir(context).filter((write) => write.kind === 'create');
}

interface Content {
  readonly payload: CommunicationPayload[];
  readonly recipient: readonly Reference[];
  readonly tags: readonly Coding[];
}

function contentOf(communications: readonly Communication[]): Content {
  return {
    payload: communications.flatMap(({ payload }) => payload ?? []),
    recipient: communications.flatMap(({ recipient }) => recipient ?? []),
    tags: communications.flatMap(({ meta }) => meta?.tag ?? []),
  };
}

/** The tag of a record in error that the edits of its own author brought there, and may bring back. */
const EMPTIED = {
  ...{ system: RECORD_TAG_SYSTEM, code: 'emptied', display: 'An edit left nothing of it' },
} as const satisfies Coding;

function emptied(
  before: Communication,
  options: Pick<RecordContext['options'], 'retractedText'>,
): Communication | undefined {
  const after = retracted(before, options);
  if (after === undefined || before.status === 'entered-in-error') return after;
  return { ...after, meta: { ...after.meta, tag: [...(after.meta?.tag ?? []), EMPTIED] } };
}

/** A record that was retracted stays so, unless an edit has done it. Who was mentioned before has read it, and stays a recipient. */
function withContent(before: Communication, content: Content): Communication | undefined {
  const { tag = [], ...meta } = before.meta ?? {};
  const isEmptied = tag.some(({ system, code }) => system === EMPTIED.system && code === EMPTIED.code);
  if (before.status === 'entered-in-error' && !isEmptied) return undefined;
  const tags = distinct([...tag.filter((each) => !isOfContent(each)), ...content.tags]);
  const { recipient: named = [] } = before;
  const isNamed = new Set(named.map(({ reference }) => reference));
  const recipient = [...named, ...content.recipient.filter(({ reference }) => !isNamed.has(reference))];
  const after: Communication = {
    ...before,
    ...(isEmptied && { status: 'completed' }),
    payload: content.payload,
    ...(recipient.length > 0 && { recipient }),
    meta: { ...meta, ...(tags.length > 0 && { tag: tags }) },
  };
  return isDeepStrictEqual({ ...before, meta: { ...before.meta } }, after) ? undefined : after;
}

/** Whether a tag tells of what the record says, and not of what it answers. */
function isOfContent({ system, code }: Coding): boolean {
  return system === MESSAGE_KIND_SYSTEM || (system === RECORD_TAG_SYSTEM && code !== TARGET_MISSING.code);
}
