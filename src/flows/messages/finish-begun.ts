// Finishes a first sending that was interrupted after its events were in the room, where the Communication has changed since or is
// gone: what the room shows is the version of then. The change, or the deletion, has an item of its own.
import type { Fact } from '../../domain/facts.ts';
import type { EventId, FhirReference } from '../../domain/ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import { communicationDeliveryId } from '../../mapping/delivery-ids.ts';
import { contentDigest, type Envelope } from '../../messages/envelope.ts';
import type { MessageLink } from '../../store/message-links.ts';
import type { Bridge } from '../bridge.ts';
import { releaseWaiting } from '../items/waiting.ts';
import type { FlowOutcome } from '../outcome.ts';

type Finishing = Pick<Bridge, 'db' | 'metrics' | 'sending' | 'settings' | 'store'>;

interface Sent extends MessageLink {
  readonly eventId: EventId;
}

/**
 * Finishes it.
 * @param present what the Communication says now; undefined where it is gone
 * @returns undefined where nothing has begun, nothing of it is in the room, or it says the same now: then it goes on as it was
 */
export async function finishBegun(
  finishing: Finishing,
  reference: FhirReference,
  present: Envelope | undefined,
  { signal }: Attempt,
): Promise<FlowOutcome | undefined> {
  const { db, metrics, store } = finishing;
  const links = await store.messageLinks.findLinksOfCommunication(db, reference, undefined);
  const begun = links.filter(isFirstSending);
  if (begun.length === 0 || (present !== undefined && saysTheSame(begun, present))) return undefined;
  const sent: Sent[] = [];
  for (const link of begun) {
    const eventId = link.eventId ?? (await findInRoom(finishing, link, signal));
    if (eventId !== undefined) sent.push({ ...link, eventId });
  }
  const [first] = sent;
  if (first === undefined) return undefined;
  return {
    kind: 'done',
    facts: sent.map((link) => factOf(reference, link)),
    record: async (tx) => {
      for (const { cause, part, eventId, digest, sender = finishing.settings.bot } of sent)
        await store.messageLinks.completeLink(
          tx,
          { cause, part },
          { communication: reference, eventId, digest, sender },
        );
      if (present !== undefined)
        await store.writeBacks.saveWriteBack(tx, { reference, eventId: first.eventId });
      metrics.messages.inc({ direction: 'to-matrix' });
    },
    next: (tx) => releaseWaiting(store, tx, [reference, ...sent.map(({ eventId }) => eventId)], reference),
  };
}

function isFirstSending({ origin, completed, target, cause }: MessageLink): boolean {
  return origin === 'fhir' && !completed && target === undefined && !cause.includes('/_history/');
}

function saysTheSame(begun: readonly MessageLink[], present: Envelope): boolean {
  return present.deliverable && begun.every(({ digest }) => digest === contentDigest(present));
}

async function findInRoom(
  { sending, settings }: Finishing,
  { cause, part, roomId, sender = settings.bot }: MessageLink,
  signal: AbortSignal,
): Promise<EventId | undefined> {
  const deliveryId = communicationDeliveryId(cause, part);
  const found = await sending.findSent({ roomId, viewer: sender }, [deliveryId], signal);
  return found.get(deliveryId)?.event_id;
}

function factOf(reference: FhirReference, { eventId, roomId, sender }: Sent): Fact {
  return {
    ...{ kind: 'created', on: { reference }, by: { userId: sender }, direction: 'to-matrix' },
    ...{ roomId, eventId },
  };
}
