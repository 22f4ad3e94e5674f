// What every Communication says of itself, whatever its kind: where it belongs, who sent it, whether it is to be carried.
import { createHash } from 'node:crypto';
import { EVENT_ID_SYSTEM, type Communication } from '../domain/fhir.ts';
import { parseReference, type EventId, type FhirReference } from '../domain/ids.ts';
import type { ThreadProfile } from './threads/thread-profile.ts';

/** The envelope of a Communication. */
export interface Envelope {
  /** The conversation; undefined when it names none. */
  readonly thread: FhirReference | undefined;
  readonly sender: FhirReference | undefined;
  /** Milliseconds since the epoch, from `sent`; no time before it, which the homeserver would refuse. */
  readonly sentAt: number | undefined;
  /** The texts of the payload as one; undefined when there is none. */
  readonly text: string | undefined;
  /** Payloads that are no text: attachments and references. */
  readonly otherPayloads: number;
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
 * @param deliverPreparation whether `preparation` is deliverable; some platforms keep drafts in it
 */
export function readEnvelope(
  communication: Communication,
  { thread, deliverPreparation }: { readonly thread: ThreadProfile; readonly deliverPreparation: boolean },
): Envelope {
  const status: string | undefined = communication.status;
  const texts = (communication.payload ?? []).map((payload) => payload.contentString);
  const text = texts.filter((part) => part !== undefined && part !== '').join('\n');
  const sent = Date.parse(communication.sent ?? '');
  const eventId = communication.identifier?.find(({ system }) => system === EVENT_ID_SYSTEM)?.value;
  return {
    thread: thread.threadOf(communication),
    sender: parseReference(communication.sender?.reference)?.reference,
    sentAt: sent >= 0 ? sent : undefined,
    text: text === '' ? undefined : text,
    otherPayloads: texts.filter((part) => part === undefined).length,
    deliverable: DELIVERABLE.has(status) && (deliverPreparation || status !== 'preparation'),
    eventId: eventId as EventId | undefined,
  };
}

/**
 * Digest of what is carried: conversation, sender, content, and whether it is to be carried. A version that leaves it as
 * it was, such as the bridge's own write-back, says nothing new.
 */
export function contentDigest({ thread, sender, text, otherPayloads, deliverable }: Envelope): string {
  return createHash('sha256')
    .update(JSON.stringify([thread, sender, text, otherPayloads, deliverable]))
    .digest('base64url');
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
