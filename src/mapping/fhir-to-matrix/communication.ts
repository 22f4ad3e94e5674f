// A Communication → the Matrix message that carries it into its room.
import type { Communication } from '../../domain/fhir.ts';
import { EVENT_ID_SYSTEM } from '../../domain/fhir.ts';
import type { DeliveryId, EventId, FhirReference } from '../../domain/ids.ts';
import { parseReference } from '../../domain/ids.ts';
import { DELIVERY_ID_KEY } from '../../domain/matrix.ts';

/** What a Communication says of where it belongs, who sent it, and whether it is to be delivered. */
export interface CommunicationFacts {
  /** The conversation: the CommunicationRequest in partOf, else in basedOn. */
  readonly request: FhirReference | undefined;
  readonly sender: FhirReference | undefined;
  /** Milliseconds since the epoch, from `sent`; none before it, which the homeserver would refuse. */
  readonly sentAt: number | undefined;
  readonly text: string | undefined;
  /** Payloads that are no text: attachments and references, which are not carried yet. */
  readonly otherPayloads: number;
  readonly deliverable: boolean;
  /** The Matrix event this resource records or was sent as, by its identifier. */
  readonly eventId: EventId | undefined;
}

/** Statuses that mean "say this in the room"; a missing one too (facts of use: OZO production). */
const DELIVERABLE: ReadonlySet<string | undefined> = new Set([
  'completed',
  'in-progress',
  'preparation',
  undefined,
]);

/**
 * Reads a Communication.
 * @param deliverPreparation whether `preparation` is deliverable; some platforms keep drafts in it
 */
export function readCommunication(
  communication: Communication,
  { deliverPreparation }: { deliverPreparation: boolean },
): CommunicationFacts {
  const status: string | undefined = communication.status;
  const texts = (communication.payload ?? []).map((payload) => payload.contentString);
  const text = texts.filter((part) => part !== undefined && part !== '').join('\n');
  const sent = Date.parse(communication.sent ?? '');
  const eventId = communication.identifier?.find(
    (identifier) => identifier.system === EVENT_ID_SYSTEM,
  )?.value;
  return {
    request: conversationOf(communication),
    sender: parseReference(communication.sender?.reference)?.reference,
    sentAt: sent >= 0 ? sent : undefined,
    text: text === '' ? undefined : text,
    otherPayloads: texts.filter((part) => part === undefined).length,
    deliverable: DELIVERABLE.has(status) && (deliverPreparation || status !== 'preparation'),
    eventId: eventId as EventId | undefined,
  };
}

/** The CommunicationRequest a Communication belongs to: partOf (OZO, September guide), else basedOn (R4). */
export function conversationOf(communication: Communication): FhirReference | undefined {
  return [...(communication.partOf ?? []), ...(communication.basedOn ?? [])]
    .map((reference) => parseReference(reference.reference))
    .find((parsed) => parsed?.resourceType === 'CommunicationRequest')?.reference;
}

/** Content of `m.room.message` for a text; it carries its delivery id, by which the bridge finds it again. */
export function textMessage(text: string, deliveryId: DeliveryId): Record<string, unknown> {
  return { msgtype: 'm.text', body: text, [DELIVERY_ID_KEY]: deliveryId };
}

/** The text of a message whose attachments could not come along: says so instead of dropping them. */
export function withLossNotice({ text, otherPayloads }: CommunicationFacts): string | undefined {
  if (otherPayloads === 0) return text;
  const notice = `[${otherPayloads} ${otherPayloads === 1 ? 'attachment' : 'attachments'} not shown here]`;
  return text === undefined ? notice : `${text}\n${notice}`;
}

/**
 * The Communication with the Matrix event id added to its identifiers.
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
