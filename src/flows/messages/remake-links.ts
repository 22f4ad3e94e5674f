// What was carried of a Communication, as both servers show it, is linked anew where this database does not know of it: it was
// restored to an earlier state, or is new.
import { DELIVERY_ID_KEY, type MatrixEvent } from '../../domain/matrix.ts';
import type { Communication } from '../../domain/fhir.ts';
import type { DeliveryId, FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { StoredResource } from '../../fhir/server.ts';
import { communicationDeliveryId, communicationIdOf } from '../../mapping/delivery-ids.ts';
import { readEnvelope, type Envelope } from '../../messages/envelope.ts';
import type { KindName } from '../../messages/kind.ts';
import { isEmptied, relationsOf } from '../../messages/relations.ts';
import type { LinkKey, MessageLink, NewLink } from '../../store/message-links.ts';
import type { Bridge } from '../bridge.ts';
import { releaseWaiting } from '../items/waiting.ts';
import { digestOf, versionsOf } from './made-before.ts';

/** What links are made anew with. */
export type Remaking = Pick<
  Bridge,
  'db' | 'enqueue' | 'fhir' | 'sending' | 'settings' | 'store' | 'thread' | 'transact'
>;

/** A Communication, its room, and who of the bridge is there to look. */
export interface Shown {
  readonly communication: StoredResource<Communication>;
  readonly reference: FhirReference;
  /** The event that its identifier names, where the room has it. */
  readonly event: MatrixEvent | undefined;
  readonly roomId: RoomId;
  readonly viewer: MatrixUserId;
  /** What it is read as. */
  readonly kind: KindName;
}

/** More messages than one Communication becomes. */
const MOST_PARTS = 100;

/** Links a Communication with the message of a user that it records. */
export async function linkRecord(
  remaking: Remaking,
  { communication, reference, roomId, kind }: Shown,
  event: MatrixEvent,
  signal: AbortSignal,
): Promise<void> {
  const { event_id: eventId, sender, origin_server_ts: sentAt } = event;
  const { replaces: target, threadRoot } = relationsOf(event.content);
  const parts = Array.from({ length: MOST_PARTS }, (_, part) => communicationIdOf(eventId, part));
  const [first = communication] = (await versionsOf(remaking, reference, signal)).toReversed();
  const link = {
    ...{ origin: 'matrix' as const, cause: eventId, part: Math.max(0, parts.indexOf(communication.id)) },
    ...{ kind: target === undefined ? kind : 'edit', communication: reference, eventId, target, roomId },
    ...{ sender, sentAt: new Date(sentAt), threadRoot, digest: digestOf(remaking, first) },
  };
  await save(remaking, [link]);
}

/**
 * Links a Communication with the messages that the bridge sent for it, and for later versions of it.
 * @returns whether there was anything that this database did not know
 */
export async function linkSent(remaking: Remaking, shown: Shown, signal: AbortSignal): Promise<boolean> {
  const { communication, event, reference, roomId, viewer } = shown;
  const versions = (await versionsOf(remaking, reference, signal)).toReversed();
  const causes = causesOf(remaking, shown, versions.length === 0 ? [communication] : versions);
  const keys = [...causes.keys()].flatMap((cause) =>
    Array.from({ length: MOST_PARTS }, (_, part) => ({ cause, part })),
  );
  const ids = new Map(keys.map((key) => [communicationDeliveryId(key.cause, key.part), key]));
  const found = await remaking.sending.findSent({ roomId, viewer }, [...ids.keys()], signal);
  const links = [...ids].flatMap(([id, key]) => {
    // The first may be further back than one looks.
    const sent = found.get(id) ?? (isSentAs(event, id, key, reference) ? event : undefined);
    return sent === undefined ? [] : [sentLink(shown, key, sent, causes.get(key.cause))];
  });
  return save(remaking, links);
}

/** Whether an event is what was sent first for a Communication; of one that was redacted nothing else tells. */
function isSentAs(
  event: MatrixEvent | undefined,
  id: DeliveryId,
  { cause, part }: LinkKey,
  reference: FhirReference,
): event is MatrixEvent {
  if (event === undefined) return false;
  return event.content[DELIVERY_ID_KEY] === id || (cause === reference && part === 0 && isEmptied(event));
}

/** What may have caused a send, with the digest of what it said: the Communication, in the version that was read; later versions. */
function causesOf(
  remaking: Remaking,
  { reference, event }: Shown,
  versions: readonly StoredResource<Communication>[],
): ReadonlyMap<string, string> {
  const isWrittenBack = (version: Communication): boolean => {
    const envelope: Envelope = readEnvelope(version, { thread: remaking.thread, ...remaking.settings });
    return event !== undefined && envelope.eventId === event.event_id;
  };
  const first = versions.find(isWrittenBack) ?? versions[0];
  return new Map<string, string>([
    ...(first === undefined ? [] : [[reference, digestOf(remaking, first)] as const]),
    ...versions.map(
      (version) => [`${reference}/_history/${version.meta.versionId}`, digestOf(remaking, version)] as const,
    ),
  ]);
}

function sentLink(
  { reference, roomId, kind, event: recorded }: Shown,
  { cause, part }: LinkKey,
  { event_id: eventId, sender, origin_server_ts: sentAt, content }: MatrixEvent,
  digest: string | undefined,
): NewLink & Pick<MessageLink, 'digest'> {
  const { replaces, answers, threadRoot } = relationsOf(content);
  const isChange = cause !== reference;
  // To a user’s own message the bot answers.
  const target = replaces ?? (recorded?.content[DELIVERY_ID_KEY] === undefined ? answers : undefined);
  return {
    ...{
      origin: 'fhir',
      cause,
      part,
      kind: isChange && target !== undefined ? 'edit' : kind,
      communication: reference,
    },
    ...{ eventId, roomId, sender, sentAt: new Date(sentAt), threadRoot, digest },
    target: isChange ? target : undefined,
  };
}

/** What waits for one of the messages goes on. */
async function save(
  { enqueue, store, transact }: Pick<Bridge, 'enqueue' | 'store' | 'transact'>,
  links: readonly (NewLink & Pick<MessageLink, 'digest'>)[],
): Promise<boolean> {
  return transact(async (tx) => {
    const saved: NewLink[] = [];
    for (const link of links) if (await store.lostLinks.saveMade(tx, link)) saved.push(link);
    const carried = saved.flatMap(({ communication, eventId }) =>
      [communication ?? [], eventId ?? []].flat(),
    );
    const [first] = saved;
    if (first === undefined) return false;
    await enqueue(tx, await releaseWaiting(store, tx, [...new Set(carried)], `linked ${first.cause}`));
    return true;
  });
}
