// Who has read what in a thread of Medplum. Between two, a message that was read is completed; in a group, an extension of the
// header says how far each has read.
// https://github.com/medplum/medplum/blob/main/packages/docs/docs/communications/read-receipts-and-message-status.mdx
import type { Extension } from 'fhir/r4.js';
import type { Communication, CommunicationRequest } from '../../domain/fhir.ts';
import { parseReference, referenceTo, typeOf, type FhirReference } from '../../domain/ids.ts';
import type { Reading, ReadReport, ThreadReadState } from '../../domain/threads.ts';
import { instantOf, personOf } from '../read-state/report.ts';
import { threadOf } from './medplum-header.ts';

const READ_STATE = 'https://medplum.com/fhir/StructureDefinition/thread-read-state';
/** So many participants of a thread are looked at. */
const MOST_PARTICIPANTS = 200;

export const medplumReadState: ThreadReadState = {
  reportsIn: (resource) =>
    resource.resourceType === 'Communication' ? reportOfMessage(resource) : reportsOfThread(resource),
  isShared: ({ recipient = [], requester }) => {
    const all = [...recipient, requester].map((each) => parseReference(each?.reference)?.reference);
    const participants = new Set(all.filter((each) => each !== undefined));
    return participants.size > 2 || [...participants].some((each) => personOf(each) === undefined);
  },
  withLastRead: (thread, reading) => {
    const { extension = [] } = thread;
    const before = extension.find((each) => isOf(each, reading.person));
    if (before !== undefined && lastReadIn(before) === reading.message) return undefined;
    const after = { url: READ_STATE, extension: partsOf(reading) };
    return {
      ...thread,
      extension:
        before === undefined
          ? [...extension, after]
          : extension.map((each) => (each === before ? after : each)),
    };
  },
  markedRead: (message, { person, at }) =>
    message.status === 'in-progress' && readerOf(message) === person
      ? { ...message, status: 'completed', received: at.toISOString() }
      : undefined,
};

/** The one for whom a message is meant; undefined where there are several, or none who reads. */
function readerOf({ recipient = [], sender }: Communication): FhirReference | undefined {
  const [reader, ...others] = recipient;
  const person = personOf(reader?.reference);
  const isAlone = others.length === 0 && parseReference(sender?.reference)?.reference !== person;
  return isAlone ? person : undefined;
}

function reportOfMessage(message: Communication & { readonly id: string }): readonly ReadReport[] {
  const person = message.status === 'completed' ? readerOf(message) : undefined;
  if (person === undefined) return [];
  const read = referenceTo('Communication', message.id);
  return [
    {
      ...{ person, conversation: threadOf(message), message: read, otherwise: 'all' },
      at: instantOf(message.received),
    },
  ];
}

function reportsOfThread({
  id,
  extension = [],
}: CommunicationRequest & { readonly id: string }): readonly ReadReport[] {
  const conversation = referenceTo('CommunicationRequest', id);
  return extension
    .filter(({ url }) => url === READ_STATE)
    .slice(0, MOST_PARTICIPANTS)
    .flatMap((block): readonly ReadReport[] => {
      const person = personOf(partOf(block, 'participant')?.valueReference?.reference);
      const message = lastReadIn(block);
      const at = instantOf(partOf(block, 'lastReadAt')?.valueDateTime);
      return person === undefined || message === undefined
        ? []
        : [{ person, conversation, message, otherwise: 'all', at }];
    });
}

function isOf(block: Extension, person: FhirReference): boolean {
  const participant = partOf(block, 'participant')?.valueReference?.reference;
  return block.url === READ_STATE && parseReference(participant)?.reference === person;
}

function lastReadIn(block: Extension): FhirReference | undefined {
  const read = parseReference(partOf(block, 'lastRead')?.valueReference?.reference)?.reference;
  return read !== undefined && typeOf(read) === 'Communication' ? read : undefined;
}

function partOf({ extension = [] }: Extension, url: string): Extension | undefined {
  return extension.find((each) => each.url === url);
}

function partsOf({ person, message, at }: Reading): Extension[] {
  return [
    { url: 'participant', valueReference: { reference: person, type: typeOf(person) } },
    { url: 'lastRead', valueReference: { reference: message, type: typeOf(message) } },
    { url: 'lastReadAt', valueDateTime: at.toISOString() },
  ];
}
