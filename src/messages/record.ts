// The Communication that records an event, whatever its kind: all but its content.
import type { Coding, CommunicationPayload, Extension } from 'fhir/r4.js';
import type { Communication } from '../domain/fhir.ts';
import {
  EVENT_ID_SYSTEM,
  MESSAGE_KIND_SYSTEM,
  RECORD_TAG_SYSTEM,
  SOURCE_SYSTEM_EXTENSION,
} from '../domain/fhir.ts';
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { communicationIdOf } from '../mapping/delivery-ids.ts';
import type { FhirProfile } from '../mapping/fhir-profiles/fhir-profile.ts';
import { referTo } from '../mapping/references.ts';
import type { Author } from './author.ts';
import type { FhirWrite } from './effects.ts';
import type { MessageOptions } from './options.ts';
import type { ThreadLink } from '../domain/threads.ts';

/** What the record has to know besides the message. */
export interface RecordContext {
  readonly event: MatrixEvent;
  /** The elements that say to which conversation it belongs. */
  readonly thread: ThreadLink;
  /** The conversation's subject, when it has one: without it `Communication?subject=` does not find the record. */
  readonly subject: FhirReference | undefined;
  readonly author: Author;
  /** The organisation's team for which they write, where the profile names it. */
  readonly actingTeam?: FhirReference | undefined;
  /** What the FHIR server's profiles demand. */
  readonly profile: FhirProfile;
  /** Canonical URL of the source-system extension; undefined for the guide's, empty leaves the extension out. */
  readonly sourceSystemExtension?: string | undefined;
  readonly options: MessageOptions;
  /** The persons of the users whom the message mentions. */
  readonly people: ReadonlyMap<MatrixUserId, FhirReference>;
  /** When the message was sent, in milliseconds since the epoch: not in the future, and not before its conversation. */
  readonly sentAt: number;
}

/** The tag of a record whose message refers to another that was not found. */
export const TARGET_MISSING = {
  system: RECORD_TAG_SYSTEM,
  code: 'target-missing',
  display: 'The message it refers to was not found',
} as const satisfies Coding;

/** What a kind gives to the record. */
export interface RecordContent {
  readonly payload: readonly CommunicationPayload[];
  /** Says what a reader should know of this record, such as that content was lost. */
  readonly tag?: { readonly code: string; readonly display: string };
  /** The name of a kind that FHIR itself cannot tell from another. */
  readonly kind?: string;
  /** Which of several records of one event; 0 for the first. */
  readonly part?: number;
  /** The record without which it says nothing. */
  readonly inResponseTo?: FhirReference | undefined;
}

/**
 * Creates the record in the form of the September 2025 guide: completed, identifier, conversation, sender, subject, sent,
 * payload, extension.
 */
export function createRecord(
  context: RecordContext,
  content: RecordContent,
): Extract<FhirWrite, { kind: 'create' }> {
  const { payload, part = 0, inResponseTo } = content;
  const tags = [...tagsOf(content), ...context.author.tags];
  const { event, thread, subject, author, sentAt } = context;
  const extension = extensionsOf(context);
  return {
    kind: 'create',
    communication: {
      resourceType: 'Communication',
      id: communicationIdOf(event.event_id, part),
      ...(tags.length > 0 && { meta: { tag: tags } }),
      ...(author.contained.length > 0 && { contained: [...author.contained] }),
      ...(extension.length > 0 && { extension }),
      identifier: [{ use: 'official', system: EVENT_ID_SYSTEM, value: event.event_id }],
      ...thread,
      ...(inResponseTo !== undefined && {
        inResponseTo: [{ reference: inResponseTo, type: 'Communication' }],
      }),
      status: 'completed',
      ...(subject !== undefined && { subject: referTo(subject) }),
      // Some clocks are set to a time before 1970.
      ...(sentAt >= 0 && { sent: new Date(sentAt).toISOString() }),
      sender: author.sender,
      payload: [...payload],
    },
  };
}

/** Tells whether a Communication is tagged as one of a kind. */
export function isTaggedAs({ meta }: Communication, kind: string): boolean {
  return meta?.tag?.some(({ system, code }) => system === MESSAGE_KIND_SYSTEM && code === kind) ?? false;
}

function tagsOf({ tag, kind }: RecordContent): Coding[] {
  return [
    ...(tag === undefined ? [] : [{ system: RECORD_TAG_SYSTEM, ...tag }]),
    ...(kind === undefined ? [] : [{ system: MESSAGE_KIND_SYSTEM, code: kind }]),
  ];
}

function extensionsOf({
  sourceSystemExtension = SOURCE_SYSTEM_EXTENSION,
  author,
  actingTeam,
  profile: { actingTeamExtension },
}: RecordContext): Extension[] {
  const source = { url: sourceSystemExtension, valueString: 'matrix' };
  return [
    ...(sourceSystemExtension === '' ? [] : [source]),
    ...author.extension,
    ...(actingTeam === undefined || actingTeamExtension === undefined
      ? []
      : [{ url: actingTeamExtension, valueReference: referTo(actingTeam) }]),
  ];
}
