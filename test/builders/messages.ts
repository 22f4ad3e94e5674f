// Messages as the pipelines see them: an event read into records, a Communication read into sends.
import type { Communication } from '../../src/domain/fhir.ts';
import type { MatrixEvent } from '../../src/domain/matrix.ts';
import { TEXTS } from '../../src/mapping/language/languages.ts';
import type { Envelope } from '../../src/messages/envelope.ts';
import { readEnvelope } from '../../src/messages/envelope.ts';
import type { FhirWrite } from '../../src/messages/effects.ts';
import {
  NOTHING_KNOWN,
  type Link,
  type Links,
  type MatrixContext,
  type RegisteredKind,
} from '../../src/messages/kind.ts';
import type { RecordContext } from '../../src/messages/record.ts';
import type { Author, SenderFacts, UnknownSender } from '../../src/messages/author.ts';
import { authorOf } from '../../src/messages/author.ts';
import type { Aspect } from '../../src/messages/aspects/aspect.ts';
import type { MessageOptions } from '../../src/messages/options.ts';
import { readCommunication, readEvent } from '../../src/messages/read.ts';
import { FHIR_PROFILES } from '../../src/mapping/fhir-profiles/profiles.ts';
import { KINDS } from '../../src/messages/registry.ts';
import { ozoThreads } from '../../src/mapping/threads/ozo.ts';
import { communication, ref } from './fhir.ts';
import { eventId as eventIdOf, message, roomId, userId } from './matrix.ts';

/** The room of conversation 245, and the ghost of the practitioner 7. */
export const ROOM = roomId('!room:example.org');
export const GHOST = userId('@_fhir_7:example.org');

/** The operator's choices as they are by default, in English. */
export const MESSAGE_OPTIONS: MessageOptions = {
  texts: TEXTS.en,
  ...{
    edits: 'new-version',
    retractedText: 'removed',
    retractionReason: 'off',
    reactions: 'off',
    threads: 'off',
  },
  ...{ mentionRecipients: false, formattedText: 'plain', maxFiles: 5, filesAs: 'attachment' },
};

/** A link of a message of the nurse in Matrix; `over` names what the test is about. */
export function link(over: Partial<Link> = {}): Link {
  const eventId = over.eventId ?? eventIdOf('$target');
  return {
    ...{
      origin: 'matrix',
      kind: 'text',
      cause: eventId,
      part: 0,
      communication: ref('Communication/target'),
    },
    ...{ eventId, target: undefined, sender: userId('@nurse:example.org'), sentAt: new Date(1_000) },
    ...{ threadRoot: undefined, digest: undefined, roomId: ROOM },
    ...over,
  };
}

/** What is known when these were carried. */
export function knowing(...links: readonly Link[]): Links {
  return {
    ofEvent: (id) => links.filter(({ eventId }) => eventId === id),
    changesOf: (id) => links.filter(({ target }) => target === id),
    ofCommunication: (reference) => links.filter(({ communication: of }) => of === reference),
  };
}

/** The context of a record in conversation 245, of the patient 12, by the practitioner 7. */
export function recordContext(event: MatrixEvent, over: Partial<RecordContext> = {}): RecordContext {
  return {
    event,
    thread: ozoThreads.link(ref('CommunicationRequest/245')),
    subject: ref('Patient/12'),
    author: author(),
    options: MESSAGE_OPTIONS,
    people: new Map(),
    profile: FHIR_PROFILES.generic,
    sentAt: event.origin_server_ts,
    ...over,
  };
}

/** The practitioner 7, a member of the conversation; `over` names what the test is about. */
export function author(
  over: Partial<SenderFacts> = {},
  unknownSender: UnknownSender = { as: 'identifier' },
): Author {
  const facts = {
    ...{ userId: userId('@nurse:example.org'), person: ref('Practitioner/7'), isMember: true },
    ...{ inDirectory: undefined, claim: undefined },
    ...over,
  };
  return authorOf(facts, { ownServer: 'example.org', unknownSender });
}

/** The envelope of a Communication; `over` names what the test is about. */
export function envelope(
  over: Parameters<typeof communication>[0] = {},
  deliverPreparation = true,
): Envelope {
  return readEnvelope(communication(over), { thread: ozoThreads, deliverPreparation });
}

interface Readings {
  readonly kinds?: readonly RegisteredKind[];
  /** None unless told: each has a table of its own. */
  readonly aspects?: readonly Aspect[];
  readonly mayRedact?: boolean;
}

/** Which kind reads an event, what it writes, and what its sender is told; undefined when no kind reads it. */
export function fromMatrix(
  over: Parameters<typeof message>[0] = {},
  context: Partial<RecordContext> = {},
  known: Links = NOTHING_KNOWN,
  { kinds = KINDS, aspects = [], mayRedact = false }: Readings = {},
) {
  const event = message(over);
  const read = readEvent({ kinds, aspects }, { event, mayRedact }, known);
  if (read === undefined) return undefined;
  const writes = read.toFhir(recordContext(event, context));
  const notices = read.notices(context.options ?? MESSAGE_OPTIONS);
  return { kind: read.kind, writes, notices, ...(read.ignored && { ignored: read.ignored }) };
}

/** Which kind reads a Communication and what it sends; undefined when no kind reads it. */
export function fromFhir(
  over: Parameters<typeof communication>[0] = {},
  context: Partial<MatrixContext> = {},
  carried: readonly Link[] = [],
  known: Links = NOTHING_KNOWN,
  { kinds = KINDS, aspects = [] }: Readings = {},
) {
  const input = { communication: communication(over), envelope: envelope(over) };
  const read = readCommunication({ kinds, aspects }, input, carried, known);
  const whole: MatrixContext = {
    ...{ relayedFor: undefined, options: MESSAGE_OPTIONS, accounts: new Map(), roomId: ROOM },
    isSameSender: true,
    ...context,
  };
  return read === undefined ? undefined : { kind: read.kind, sends: read.toMatrix(whole) };
}

/** The Communication that is created; fails where there is another write. */
export function created(writes: readonly FhirWrite[] | undefined): Communication {
  const [write] = writes ?? [];
  if (write?.kind !== 'create' || writes?.length !== 1) throw new TypeError('Expected one new record');
  return write.communication;
}
