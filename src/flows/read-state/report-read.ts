// A platform says by a Task, AuditEvent, message or thread who has read what → the message that is meant, and the person.
import { idOf, referenceTo, typeOf, type FhirReference } from '../../domain/ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { readItem } from '../items/read.ts';
import type { ReadReportItem } from '../items/read-report.ts';
import { waitFor } from '../items/waiting.ts';
import type { FlowOutcome } from '../outcome.ts';
import { readIdentities } from '../people/desired-ghost.ts';
import { createReadSet } from '../people/read-set.ts';
import { findLast, firstMessage, type PlacedMessage } from './places.ts';

type Deps = Pick<Bridge, 'clock' | 'db' | 'fhir' | 'findLogged' | 'settings' | 'store' | 'thread'>;

/** A message and the row of its conversation's room. */
interface Meant {
  readonly room: RoomRow;
  readonly message: PlacedMessage;
}

/**
 * Handles what a version of a resource says of who has read what.
 * @param lane in which the item came, should it have to wait
 */
export async function reportRead(
  deps: Deps,
  report: ReadReportItem,
  { lane }: { readonly lane: string },
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { db, store, clock } = deps;
  const { reference, versionId, message } = report;
  if (await store.resourceVersions.wasWritten(db, reference, versionId))
    return { kind: 'ignored', reason: 'own-write' };
  const meant =
    message === undefined
      ? await meantOfConversation(deps, report)
      : ((await meantByMessage(deps, message)) ??
        (await meantByHeader(deps, message)) ??
        (await unlessAwaited(deps, { report, message, lane }, signal)));
  if ('kind' in meant) return meant;
  const { room } = meant;
  const person = await identityOf(deps, report.person, signal);
  const { eventId, roomId, message: communication } = meant.message;
  const at = report.at ?? clock.now().getTime();
  const read = { conversation: room.reference, person, roomId, eventId, message: communication, at };
  return { kind: 'done', next: [readItem({ ...read, reportedBy: reference })] };
}

async function meantByMessage({ db, store }: Deps, communication: FhirReference): Promise<Meant | undefined> {
  // Of several events that are one message, the last.
  const [last] = (
    await store.conversationMessages.findMessages(db, { communications: [communication] })
  ).slice(-1);
  if (last === undefined) return undefined;
  const use = await store.roomUses.findRoomUse(db, last.roomId);
  if (!('room' in use)) return undefined;
  return { room: use.room, message: { ...last, message: last.communication, logged: undefined } };
}

/** The header of a thread stands for all that was said in it. */
async function meantByHeader(deps: Deps, header: FhirReference): Promise<Meant | FlowOutcome | undefined> {
  if (deps.thread.header === undefined) return undefined;
  const conversation = referenceTo('CommunicationRequest', idOf(header));
  const room = await deps.store.rooms.findRoom(deps.db, conversation);
  return room && meantOfConversation(deps, { conversation, otherwise: 'all' });
}

/** A message that is not carried yet is waited for, if it will be at all. */
async function unlessAwaited(
  { clock, db, fhir, settings, store, thread }: Deps,
  given: { readonly report: ReadReportItem; readonly message: FhirReference; readonly lane: string },
  signal: AbortSignal,
): Promise<FlowOutcome> {
  const { report, message, lane } = given;
  if (report.gaveUpOn?.includes(message) === true) return { kind: 'ignored', reason: 'target-missing' };
  const communication = await fhir.read(message, signal);
  if (communication?.resourceType !== 'Communication') return { kind: 'ignored', reason: 'gone' };
  const conversation = thread.threadOf(communication);
  const room = conversation && (await store.rooms.findRoom(db, conversation));
  if (room === undefined) return { kind: 'ignored', reason: 'not-bridged' };
  const giveUpAt = new Date(clock.now().getTime() + settings.waitForTargetMs);
  const waiting = { about: `${report.reference}/${report.versionId}`, lane, payload: report, giveUpAt };
  return waitFor(store, message, waiting, async (tx) => {
    const carried = await store.conversationMessages.findMessages(tx, { communications: [message] });
    return carried.length > 0;
  });
}

async function meantOfConversation(
  deps: Deps,
  { conversation, otherwise }: Pick<ReadReportItem, 'conversation' | 'otherwise'>,
): Promise<Meant | FlowOutcome> {
  const room = conversation && (await deps.store.rooms.findRoom(deps.db, conversation));
  if (room === undefined) return { kind: 'ignored', reason: 'not-bridged' };
  const message = otherwise === 'all' ? await findLast(deps, room) : firstMessage(room)[0];
  return message === undefined ? { kind: 'ignored', reason: 'nothing-read' } : { room, message };
}

/** Whose role a PractitionerRole is, only FHIR says. */
async function identityOf(
  { clock, fhir }: Deps,
  person: FhirReference,
  signal: AbortSignal,
): Promise<FhirReference> {
  if (typeOf(person) !== 'PractitionerRole') return person;
  const reads = createReadSet(fhir, signal);
  const [identity] = await readIdentities(reads, new Map([[person, []]]), clock.now().getTime());
  return identity?.reference ?? person;
}
