// What every Communication says of itself, whatever its kind: where it belongs, who sent it, whether it is to be carried.
import { createHash } from 'node:crypto';
import { EVENT_ID_SYSTEM, type Communication } from '../domain/fhir.ts';
import { parseReference, type EventId, type FhirReference } from '../domain/ids.ts';
import { partsOf, textOfParts, type Part } from './content.ts';
import type { ThreadProfile } from '../domain/threads.ts';
import { instantOf } from '../mapping/periods.ts';

/** The envelope of a Communication. */
export interface Envelope {
  /** The conversation; undefined when it names none. */
  readonly thread: FhirReference | undefined;
  readonly sender: FhirReference | undefined;
  /** Milliseconds since the epoch, from `sent`; no time before it, which the homeserver would refuse. */
  readonly sentAt: number | undefined;
  /** The payload, in order. */
  readonly parts: readonly Part[];
  readonly deliverable: boolean;
  /** The Matrix event that it records or was sent as, by its identifier. */
  readonly eventId: EventId | undefined;
}

/** Statuses of a message that is to be carried; OZO's production holds many without a status. */
const DELIVERABLE: ReadonlySet<string | undefined> = new Set([
  'completed',
  'in-progress',
  'preparation',
  undefined,
]);

/**
 * Reads the envelope.
 * @param deliverPreparation whether `preparation` is deliverable where the profile does not keep drafts in it
 */
export function readEnvelope(
  communication: Communication,
  { thread, deliverPreparation }: { readonly thread: ThreadProfile; readonly deliverPreparation: boolean },
): Envelope {
  const status: string | undefined = communication.status;
  const sent = instantOf(communication.sent);
  return {
    thread: thread.threadOf(communication),
    sender: parseReference(communication.sender?.reference)?.reference,
    sentAt: sent >= 0 ? sent : undefined,
    parts: partsOf(communication.payload),
    deliverable:
      DELIVERABLE.has(status) && (status !== 'preparation' || (deliverPreparation && !thread.keepsDrafts)),
    eventId: eventIdOf(communication),
  };
}

/** The Matrix event that a Communication records or was sent as, by its identifier. */
export function eventIdOf({ identifier }: Pick<Communication, 'identifier'>): EventId | undefined {
  return identifier?.find(({ system }) => system === EVENT_ID_SYSTEM)?.value as EventId | undefined;
}

/**
 * Digest of what is carried: conversation, sender, content, and whether it is to be carried. A version that leaves it as
 * it was, such as the bridge's own write-back, says nothing new. Files follow after a full stop, so that `filesDiffer` can
 * tell a change of the text alone.
 */
export function contentDigest({ thread, sender, parts, deliverable }: Envelope): string {
  const others = parts.filter(({ kind }) => kind !== 'text');
  const text = textOfParts(parts);
  const shown = text?.html === undefined ? text?.plain : [text.plain, text.html];
  const digest = digestOf([thread, sender, shown, others.length, deliverable]);
  return others.length === 0 ? digest : `${digest}.${digestOf(others.map(essenceOf))}`;
}

/** What makes a file another: servers may order its elements anew, or add some. */
function essenceOf(part: Part): unknown {
  if (part.kind !== 'file') return part;
  const { contentType, url, data, size, hash, title } = part.attachment;
  return [contentType, url, data, size, hash, title];
}

/** Whether two digests are of other files. */
export function filesDiffer(before: string | undefined, after: string): boolean {
  return before?.split('.')[1] !== after.split('.')[1];
}

function digestOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url');
}

/**
 * The Communication with a Matrix event id added to its identifiers.
 * @returns undefined when it has it already
 */
export function withEventId(communication: Communication, eventId: EventId): Communication | undefined {
  const identifiers = communication.identifier ?? [];
  if (identifiers.some(({ system, value }) => system === EVENT_ID_SYSTEM && value === eventId))
    return undefined;
  return {
    ...communication,
    identifier: [...identifiers, { use: 'official', system: EVENT_ID_SYSTEM, value: eventId }],
  };
}
