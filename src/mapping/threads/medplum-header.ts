// The header of a thread of Medplum, read as a CommunicationRequest and written as the Communication that it is.
// https://github.com/medplum/medplum/blob/main/packages/docs/docs/communications/messaging-data-model.mdx
import type { Reference } from 'fhir/r4.js';
import type { Communication, CommunicationRequest } from '../../domain/fhir.ts';
import { parseReference, referenceTo, type FhirReference } from '../../domain/ids.ts';
import type { ThreadHeader } from '../../domain/threads.ts';
import { referTo } from '../references.ts';

/** Where the `topic` of a header stands while the bridge reads it as a CommunicationRequest, which has none in R4. */
export const TOPIC_EXTENSION = 'https://github.com/fhir-matrix-bridge/fhir/StructureDefinition/thread-topic';

type HeaderStatus = Communication['status'];
type RequestStatus = CommunicationRequest['status'];

/** A thread is open while in progress, and closed when completed. Some servers hold resources without the status that R4 demands. */
const REQUEST_STATUS: ReadonlyMap<HeaderStatus | undefined, RequestStatus> = new Map([
  ['preparation', 'draft'],
  ['in-progress', 'active'],
  ['on-hold', 'on-hold'],
  ['not-done', 'revoked'],
  ['stopped', 'revoked'],
  ['completed', 'completed'],
  ['entered-in-error', 'entered-in-error'],
  ['unknown', 'unknown'],
] as const);

const HEADER_STATUS: Readonly<Record<RequestStatus, HeaderStatus>> = {
  draft: 'preparation',
  active: 'in-progress',
  'on-hold': 'on-hold',
  revoked: 'stopped',
  completed: 'completed',
  'entered-in-error': 'entered-in-error',
  unknown: 'unknown',
};

export const medplumHeader: ThreadHeader = {
  isHeader: ({ partOf = [], payload = [] }) => partOf.length === 0 && payload.length === 0,
  toRequest: (communication) => {
    const { extension = [], sender, sent, status, topic } = communication;
    const ownExtension = topic?.text === undefined ? [] : [{ url: TOPIC_EXTENSION, valueString: topic.text }];
    return {
      ...sharedBy(communication),
      resourceType: 'CommunicationRequest',
      extension: [...extension.filter(({ url }) => url !== TOPIC_EXTENSION), ...ownExtension],
      status: REQUEST_STATUS.get(status) ?? 'active',
      authoredOn: sent,
      requester: takesPart(communication) ? sender : undefined,
    };
  },
  toHeader: (request, before) => {
    const { extension = [], status } = request;
    const topic = extension.find(({ url }) => url === TOPIC_EXTENSION)?.valueString;
    const others = extension.filter(({ url }) => url !== TOPIC_EXTENSION);
    const isSameStatus = before !== undefined && medplumHeader.toRequest(before).status === status;
    return {
      ...before,
      ...sharedBy(request),
      ...(before === undefined && begunBy(request)),
      resourceType: 'Communication',
      status: isSameStatus ? before.status : HEADER_STATUS[status],
      extension: others.length === 0 ? undefined : others,
      topic: topic === undefined ? undefined : { ...before?.topic, text: topic },
    };
  },
  toMessage: (message, of) => {
    const named = message.recipient ?? [];
    const sender = parseReference(message.sender?.reference)?.reference;
    const known = new Set([sender, ...named.map(({ reference }) => parseReference(reference)?.reference)]);
    const others = (of === undefined ? [] : participantsOf(of)).filter((each) => !known.has(each));
    const recipient = [...named, ...others.map(referTo)];
    return {
      ...message,
      // Completed is a message that was read.
      status: message.status === 'completed' ? 'in-progress' : message.status,
      recipient: recipient.length === 0 ? undefined : recipient,
    };
  },
};

/** The elements that mean the same in both resources. */
function sharedBy(resource: Communication | CommunicationRequest) {
  const { identifier, subject, about, category, reasonCode, recipient } = resource;
  return { identifier, subject, about, category, reasonCode, recipient };
}

/** The conversation of a message: the header of which it is part. */
export function threadOf({ partOf = [] }: Communication): FhirReference | undefined {
  const header = partOf
    .map(({ reference }) => parseReference(reference))
    .find((parsed) => parsed?.resourceType === 'Communication');
  return header && referenceTo('CommunicationRequest', header.id);
}

/** Who takes part in a thread, each once: its recipients, who are meant to be all of them; else who began it. */
function participantsOf({ recipient = [], sender }: Communication): readonly FhirReference[] {
  const listed = recipient.length === 0 ? [sender] : recipient;
  return [...new Set(listed.flatMap((each) => parseReference(each?.reference)?.reference ?? []))];
}

/** The person who began a thread may have been taken off its recipients since. */
function takesPart(communication: Communication): boolean {
  const sender = parseReference(communication.sender?.reference)?.reference;
  return (
    (communication.recipient ?? []).length === 0 ||
    (sender !== undefined && participantsOf(communication).includes(sender))
  );
}

/** Who begins a thread is one of its recipients: only so do they find it in their inbox. */
function begunBy({
  authoredOn,
  requester,
  sender = requester,
  recipient = [],
}: CommunicationRequest): Pick<Communication, 'recipient' | 'sender' | 'sent'> {
  const all: readonly Reference[] = [...(sender === undefined ? [] : [sender]), ...recipient];
  const literal = all.filter(({ reference }) => parseReference(reference) !== undefined);
  const distinct = [...new Map(literal.map((each) => [each.reference, each])).values()];
  return { sender, sent: authoredOn, recipient: distinct.length === 0 ? undefined : distinct };
}
