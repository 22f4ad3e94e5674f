// What an edit in Matrix writes: new versions of the records of its message, or corrections of them.
import type { CommunicationPayload } from 'fhir/r4.js';
import { isDeepStrictEqual } from 'node:util';
import { MESSAGE_KIND_SYSTEM, RECORD_TAG_SYSTEM, type Communication } from '../../domain/fhir.ts';
import type { EventId, FhirReference } from '../../domain/ids.ts';
import type { FhirWrite } from '../effects.ts';
import type { ReadEvent } from '../kind.ts';
import type { RecordContext } from '../record.ts';
import { retracted } from '../retracted.ts';

/** An edit of a message that was carried. */
export interface CarriedEdit {
  /** The event of the message. */
  readonly target: EventId;
  /** The records in which it stands. */
  readonly records: readonly FhirReference[];
  readonly content: ReadEvent;
}

/** New versions with the new content; a record that is not needed any more is retracted. */
export function newVersions(
  { target, records, content }: CarriedEdit,
  context: RecordContext,
): readonly FhirWrite[] {
  const made = createdBy(content, { ...context, event: { ...context.event, event_id: target } });
  return records.map((reference, index): FhirWrite => {
    const isLast = index === records.length - 1;
    const mine = isLast ? made.slice(index) : made.slice(index, index + 1);
    const payload = mine.flatMap(({ communication }) => communication.payload ?? []);
    const tags = mine.flatMap(({ communication }) => communication.meta?.tag ?? []);
    const apply = (before: Communication) =>
      mine.length === 0 ? retracted(before, context.options) : withContent(before, payload, tags);
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

type Tags = NonNullable<NonNullable<Communication['meta']>['tag']>;

/** A record that was retracted stays so. */
function withContent(
  before: Communication,
  payload: CommunicationPayload[],
  tags: Tags,
): Communication | undefined {
  if (before.status === 'entered-in-error' || isDeepStrictEqual(before.payload, payload)) return undefined;
  const own = new Set<string | undefined>([MESSAGE_KIND_SYSTEM, RECORD_TAG_SYSTEM]);
  const others = before.meta?.tag?.filter(({ system }) => !own.has(system)) ?? [];
  const { tag, ...meta } = before.meta ?? {};
  return {
    ...before,
    payload,
    meta: { ...meta, ...(others.length + tags.length > 0 && { tag: [...others, ...tags] }) },
  };
}
