// Whether a Communication was carried without this database knowing, which was restored to an earlier state, or is new.
import type { Communication } from '../../domain/fhir.ts';
import { referenceTo, type FhirReference } from '../../domain/ids.ts';
import type { StoredResource } from '../../fhir/server.ts';
import { roomLane } from '../../mapping/lanes.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { Envelope } from '../../messages/envelope.ts';
import { NOTHING_KNOWN } from '../../messages/kind.ts';
import { readCommunication } from '../../messages/read.ts';
import type { Bridge } from '../bridge.ts';
import { MATRIX_READER } from '../reader-names.ts';
import { EVENT_SOURCE } from '../items/event.ts';
import type { FlowOutcome } from '../outcome.ts';
import type { Carried } from './carried.ts';
import { findConversationRoom, type ConversationRoom } from './conversation-room.ts';
import { linkRecord, linkSent, type Remaking, type Shown } from './remake-links.ts';
import { saysTheSame } from './says-the-same.ts';
import { untilCarried, type Payload } from './wait-to-send.ts';

type LookingBack = Remaking & Pick<Bridge, 'aspects' | 'clock' | 'hasUnhandled' | 'homeserver' | 'kinds'>;

/** A version of a Communication, and what is known of it. */
interface Version {
  readonly communication: StoredResource<Communication>;
  readonly envelope: Envelope;
  readonly carried: Carried;
  readonly payload: Payload;
  readonly gaveUpOn: readonly string[];
}

/** So long after a restoration what users said since is read first. */
const READ_FIRST_MS = 10 * 60_000;
const AGAIN_MS = 1_000;

/**
 * Looks in the room for what was carried, where there is reason to: the Communication names an event, or it is from before this
 * database was restored.
 * @returns `linked` where something was found and is known now; how its item waits, where that cannot be told yet; undefined
 *   where all is as known
 */
export async function lookBack(
  looking: LookingBack,
  version: Version,
  signal: AbortSignal,
): Promise<FlowOutcome | 'linked' | undefined> {
  const { db, store } = looking;
  const { envelope, carried, communication } = version;
  const { thread } = envelope;
  if (carried.isCopy || thread === undefined) return undefined;
  const noticedAt = await store.restorations.findNoticed(db, 'database');
  const isDoubtful = noticedAt !== undefined && new Date(communication.meta.lastUpdated) < noticedAt;
  const isUnknown = carried.links.length === 0 && !carried.isBegun && envelope.eventId !== undefined;
  if (!isUnknown && (!isDoubtful || saysTheSame(carried.links, envelope))) return undefined;
  const room = await findConversationRoom(store, db, thread);
  if (room?.ready !== true || room.roomId === undefined) return undefined;
  if (isDoubtful && (await isReadFirst(looking, room.roomId, noticedAt)))
    return { kind: 'later', afterMs: AGAIN_MS };
  return findInRoom(looking, version, { ...room, roomId: room.roomId, thread }, signal);
}

/** Whether the events since the state that was restored are still to be handled: they tell what the records say. */
async function isReadFirst(
  { clock, db, hasUnhandled, store }: LookingBack,
  roomId: Shown['roomId'],
  noticedAt: Date,
): Promise<boolean> {
  if (clock.now().getTime() - noticedAt.getTime() > READ_FIRST_MS) return false;
  const readAt = await store.cursors.findAdvanced(db, MATRIX_READER);
  if (readAt === undefined || readAt < noticedAt) return true;
  if (await store.roomsBehind.isBehind(db, roomId)) return true;
  return hasUnhandled(db, { lane: roomLane(roomId), source: EVENT_SOURCE });
}

interface Place extends Pick<ConversationRoom, 'guests'> {
  readonly roomId: Shown['roomId'];
  readonly thread: FhirReference;
}

async function findInRoom(
  looking: LookingBack,
  { communication, envelope, carried, payload, gaveUpOn }: Version,
  { roomId, guests, thread }: Place,
  signal: AbortSignal,
): Promise<FlowOutcome | 'linked' | undefined> {
  const { homeserver, settings } = looking;
  const { eventId } = envelope;
  const [viewer] = guests ?? [settings.bot];
  const event = eventId && (await homeserver.eventOf(viewer, roomId, eventId, signal));
  const reference = referenceTo('Communication', communication.id);
  const shown = {
    communication,
    reference,
    event,
    roomId,
    viewer,
    kind: kindOf(looking, communication, envelope),
  };
  if (event !== undefined && !isOwnUser(settings, event.sender) && carried.links.length === 0) {
    // Only its own item says whether it is what this Communication records.
    if (!gaveUpOn.includes(event.event_id)) return untilCarried(looking, payload, thread, event.event_id);
    await linkRecord(looking, shown, event, signal);
    return 'linked';
  }
  return (await linkSent(looking, shown, signal)) ? 'linked' : undefined;
}

function kindOf(looking: LookingBack, communication: Communication, envelope: Envelope): string {
  return readCommunication(looking, { communication, envelope }, [], NOTHING_KNOWN)?.kind ?? 'text';
}
