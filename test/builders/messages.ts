// Messages as the pipelines see them: an event read into records, a Communication read into sends.
import type { Communication } from '../../src/domain/fhir.ts';
import type { MatrixEvent } from '../../src/domain/matrix.ts';
import type { Envelope } from '../../src/messages/envelope.ts';
import { readEnvelope } from '../../src/messages/envelope.ts';
import type { FhirWrite } from '../../src/messages/effects.ts';
import type { Link, Links, MatrixContext, RegisteredKind } from '../../src/messages/kind.ts';
import type { RecordContext } from '../../src/messages/record.ts';
import { KINDS, readCommunication, readEvent } from '../../src/messages/registry.ts';
import { communicationRequestThread } from '../../src/messages/threads/communication-request.ts';
import { communication, ref } from './fhir.ts';
import { message } from './matrix.ts';

/** No message was carried before. */
export const NOTHING_KNOWN: Links = { ofEvent: () => [], ofCommunication: () => [] };

/** The context of a record in conversation 245, of the patient 12, by the practitioner 7. */
export function recordContext(event: MatrixEvent, over: Partial<RecordContext> = {}): RecordContext {
  return {
    event,
    thread: communicationRequestThread.link(ref('CommunicationRequest/245')),
    subject: ref('Patient/12'),
    sender: ref('Practitioner/7'),
    ...over,
  };
}

/** The envelope of a Communication; `over` names what the test is about. */
export function envelope(
  over: Parameters<typeof communication>[0] = {},
  deliverPreparation = true,
): Envelope {
  return readEnvelope(communication(over), { thread: communicationRequestThread, deliverPreparation });
}

/** Which kind reads an event, what it writes, and what its sender is told; undefined when no kind reads it. */
export function fromMatrix(
  over: Parameters<typeof message>[0] = {},
  context: Partial<RecordContext> = {},
  known: Links = NOTHING_KNOWN,
  kinds: readonly RegisteredKind[] = KINDS,
) {
  const event = message(over);
  const read = readEvent(kinds, { event }, known);
  if (read === undefined) return undefined;
  const writes = read.toFhir(recordContext(event, context));
  return { kind: read.kind, writes, notices: read.notices };
}

/** Which kind reads a Communication and what it sends; undefined when no kind reads it. */
export function fromFhir(
  over: Parameters<typeof communication>[0] = {},
  context: MatrixContext = { relayedFor: undefined },
  carried: readonly Link[] = [],
  known: Links = NOTHING_KNOWN,
  kinds: readonly RegisteredKind[] = KINDS,
) {
  const input = { communication: communication(over), envelope: envelope(over) };
  const read = readCommunication(kinds, input, carried, known);
  return read === undefined ? undefined : { kind: read.kind, sends: read.toMatrix(context) };
}

/** The Communication that is created; fails where there is another write. */
export function created(writes: readonly FhirWrite[] | undefined): Communication {
  const [write] = writes ?? [];
  if (write?.kind !== 'create' || writes?.length !== 1) throw new TypeError('Expected one new record');
  return write.communication;
}
