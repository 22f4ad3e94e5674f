// A message of a Matrix room → the Communication that records it.
import type { Communication } from '../../domain/fhir.ts';
import {
  EVENT_ID_SYSTEM,
  RECORD_TAG_SYSTEM,
  SOURCE_SYSTEM_EXTENSION,
  URI_SYSTEM,
} from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { communicationIdOf } from '../delivery-ids.ts';

/** What the record needs to know besides the event. */
export interface MessageContext {
  /** The conversation's CommunicationRequest. */
  readonly request: FhirReference;
  /** The request's subject, when it has one: without it `Communication?subject=` would not find the record. */
  readonly subject: FhirReference | undefined;
  /** The sender's person; undefined when nobody is known under this Matrix user id. */
  readonly sender: FhirReference | undefined;
  /** Canonical URL of the source-system extension; undefined leaves the extension out. */
  readonly sourceSystemExtension?: string | undefined;
}

/** A mapped message: the resource, and whether content was lost on the way (rule 8). */
export interface MappedMessage {
  readonly communication: Communication & { id: string };
  readonly lossy: boolean;
}

/** A FHIR dateTime has a year of four digits. */
const LATEST_DATE_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Message types whose `body` is the message itself (client-server API, "m.room.message msgtypes"). */
const TEXT_TYPES: ReadonlySet<unknown> = new Set(['m.text', 'm.notice', 'm.emote']);

/**
 * Maps `m.room.message` (and what stands in its place, such as an encrypted message) to a Communication in the
 * form of the September 2025 guide: completed, identifier, partOf, sender, subject, sent, payload, extension.
 * Content other than text is recorded as a marked message that says what was lost.
 */
export function messageToCommunication(event: MatrixEvent, context: MessageContext): MappedMessage {
  const text = textOf(event);
  const { sourceSystemExtension = SOURCE_SYSTEM_EXTENSION } = context;
  const communication: Communication & { id: string } = {
    resourceType: 'Communication',
    id: communicationIdOf(event.event_id),
    ...(text === undefined && {
      meta: {
        tag: [{ system: RECORD_TAG_SYSTEM, code: 'content-lost', display: 'Content was lost on the way' }],
      },
    }),
    ...(sourceSystemExtension !== '' && {
      extension: [{ url: sourceSystemExtension, valueString: 'matrix' }],
    }),
    identifier: [{ use: 'official', system: EVENT_ID_SYSTEM, value: event.event_id }],
    partOf: [{ reference: context.request }],
    status: 'completed',
    ...(context.subject !== undefined && { subject: { reference: context.subject } }),
    ...sentAt(event),
    sender: context.sender === undefined ? logicalReferenceTo(event.sender) : { reference: context.sender },
    payload: [{ contentString: text ?? lossNotice(event) }],
  };
  return { communication, lossy: text === undefined };
}

/** A reference by identifier alone, for a sender who is known by nothing but the Matrix user id. */
function logicalReferenceTo(userId: MatrixUserId): { identifier: { system: string; value: string } } {
  return { identifier: { system: URI_SYSTEM, value: `matrix:u/${userId.slice(1)}` } };
}

/** The sender's server says when it was; a time that no FHIR dateTime can say is left out. */
function sentAt({ origin_server_ts: ms }: MatrixEvent): { sent?: string } {
  return ms >= 0 && ms <= LATEST_DATE_TIME ? { sent: new Date(ms).toISOString() } : {};
}

function textOf({ type, content }: MatrixEvent): string | undefined {
  const body = content['body'];
  return type === 'm.room.message' &&
    TEXT_TYPES.has(content['msgtype']) &&
    typeof body === 'string' &&
    body !== ''
    ? body
    : undefined;
}

function lossNotice({ type, content }: MatrixEvent): string {
  const kind =
    type === 'm.room.message' && typeof content['msgtype'] === 'string' ? content['msgtype'] : type;
  const term = /^[\w.-]{1,64}$/.test(kind) ? kind : 'unknown type';
  return `[A Matrix message of a kind that cannot be recorded here: ${term}]`;
}
