// A person has read a message → how far they have read is recorded and told; what they read on the FHIR side gets its receipt.
import type { Fact, FactSubject } from '../../domain/facts.ts';
import { versionOf } from '../../domain/fhir.ts';
import { typeOf, type FhirReference } from '../../domain/ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import { isAfter } from '../../mapping/read-state/order.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import type { ReadItem } from '../items/read.ts';
import { readTasksItems } from '../items/read-tasks.ts';
import { actingTeamOf } from '../messages/acting-team-of.ts';
import type { FlowOutcome } from '../outcome.ts';
import { markRead } from './mark-read.ts';
import { findPlaces } from './places.ts';

type Deps = Pick<
  Bridge,
  'clock' | 'db' | 'fhir' | 'findLogged' | 'homeserver' | 'log' | 'settings' | 'store' | 'thread'
>;

/** Records a reading. Only forward: who reads an older message again changes nothing. */
export async function recordRead(deps: Deps, read: ReadItem, { signal }: Attempt): Promise<FlowOutcome> {
  const { db, store, clock, settings } = deps;
  const { conversation, person, eventId } = read;
  const room = await store.rooms.findRoom(db, conversation);
  if (room === undefined) return { kind: 'ignored', reason: 'no-room' };
  if (!(await isForward(deps, room, read))) return { kind: 'ignored', reason: 'read-before' };
  const at = new Date(Math.min(read.at, clock.now().getTime()));
  if (read.reportedBy !== undefined) await setReceipt(deps, read, signal);
  else if (read.message !== undefined)
    await markRead(deps, room, { person, message: read.message, eventId, at }, signal);
  return {
    kind: 'done',
    facts: isToBeTold(deps, read) ? [await factOf(deps, room, { ...read, at: at.getTime() }, signal)] : [],
    record: (tx) => store.readPositions.saveReadPosition(tx, conversation, { person, eventId, readAt: at }),
    next: readTasksItems(settings, conversation, `${person} ${eventId}`),
  };
}

async function isForward(deps: Deps, room: RoomRow, { person, eventId }: ReadItem): Promise<boolean> {
  const positions = await deps.store.readPositions.findReadPositions(deps.db, room.reference);
  const before = positions.find((each) => each.person === person);
  if (before === undefined) return true;
  const places = await findPlaces(deps, room, [eventId, before.eventId]);
  const [now, then] = [places.get(eventId), places.get(before.eventId)];
  return now !== undefined && (then === undefined || isAfter(now, then));
}

/** As the person's ghost; for a person with an account of their own the bridge cannot set one. */
async function setReceipt(
  { db, store, homeserver }: Deps,
  { person, roomId, eventId }: ReadItem,
  signal: AbortSignal,
): Promise<void> {
  const known = (await store.people.findPeople(db, [person])).get(person);
  if (known?.kind === 'ghost') await homeserver.setReceipt(known.userId, roomId, eventId, signal);
}

/**
 * Who reports by an AuditEvent has an audit trail of their own, and so has the server that completes Tasks because of them. What
 * a platform says by a Task, message or thread on a plain server is the only word there is.
 */
function isToBeTold({ settings }: Deps, { reportedBy }: ReadItem): boolean {
  if (reportedBy === undefined) return true;
  return settings.readState.engine === 'bridge' && typeOf(reportedBy) !== 'AuditEvent';
}

async function factOf(deps: Deps, room: RoomRow, read: ReadItem, signal: AbortSignal): Promise<Fact> {
  const { conversation, message, person, userId, roomId, eventId, at } = read;
  const references = [conversation, ...(message === undefined ? [] : [message])];
  const found = await deps.fhir.readMany(references, signal);
  const team = await actingTeamOf(deps, conversation, person, signal);
  const versioned = (reference: FhirReference): FactSubject => {
    const resource = found.get(reference);
    return { reference, versionId: resource && versionOf(resource).versionId };
  };
  return {
    kind: 'read',
    direction: userId === undefined ? 'to-matrix' : 'to-fhir',
    by: { person, userId, team },
    on: versioned(message ?? conversation),
    conversation: versioned(conversation),
    ...{ roomId, eventId, at, subject: room.subject },
  };
}
