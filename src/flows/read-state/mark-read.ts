// A person has read a message in Matrix → the thread itself says so, where its platform keeps read state there.
import {
  MEDPLUM_TASK_CODE_SYSTEM,
  READ_RECEIPT_CODE,
  type Communication,
  type Task,
} from '../../domain/fhir.ts';
import { idOf, parseReference, referenceTo, type EventId, type FhirReference } from '../../domain/ids.ts';
import type { Reading, ThreadReadState } from '../../domain/threads.ts';
import type { StoredResource } from '../../fhir/server.ts';
import { isAfter } from '../../mapping/read-state/order.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { findLast, findPlaces } from './places.ts';

type Deps = Pick<Bridge, 'db' | 'fhir' | 'findLogged' | 'log' | 'store' | 'thread'>;

/** Unread messages of a thread, and Tasks of a person, that are looked at: the oldest. */
const MOST_UNREAD = 500;

/** What was read, and where in Matrix. */
interface ReadInRoom extends Reading {
  readonly eventId: EventId;
}

/** Marks what the person has read: the messages or their thread, and the Tasks that wait for it. */
export async function markRead(
  deps: Deps,
  room: RoomRow,
  read: ReadInRoom,
  signal: AbortSignal,
): Promise<void> {
  const { readState } = deps.thread;
  if (readState === undefined) return;
  const conversation = await deps.fhir.read(room.reference, signal);
  if (conversation?.resourceType !== 'CommunicationRequest') return;
  if (readState.isShared(conversation)) await write(deps, readState.withLastRead(conversation, read), signal);
  else await markMessages(deps, readState, { room, read }, signal);
  await completeTasks(deps, { room, read }, signal);
}

interface InRoom {
  readonly room: RoomRow;
  readonly read: ReadInRoom;
}

async function markMessages(
  deps: Deps,
  { markedRead }: ThreadReadState,
  { room, read }: InRoom,
  signal: AbortSignal,
): Promise<void> {
  const query = [
    ['part-of', room.reference],
    ['recipient', read.person],
    ['status', 'in-progress'],
  ] as const;
  const { resources } = await deps.fhir.searchAll('Communication', query, MOST_UNREAD, signal);
  const unread = resources.filter(
    (each): each is StoredResource<Communication> => each.resourceType === 'Communication',
  );
  const references = unread.map(({ id }) => referenceTo('Communication', id));
  const seen = await upTo(deps, { room, read }, references);
  for (const message of unread) {
    if (seen.has(referenceTo('Communication', message.id)))
      await write(deps, markedRead(message, read), signal);
  }
}

/** Those of some messages that stand no later than what was read. */
async function upTo(
  deps: Deps,
  { room, read }: InRoom,
  messages: readonly FhirReference[],
): Promise<ReadonlySet<FhirReference>> {
  const found = await deps.store.conversationMessages.findMessages(deps.db, { communications: messages });
  const eventIds = [read.eventId, ...found.map(({ eventId }) => eventId)];
  const places = await findPlaces(deps, room, eventIds);
  const last = places.get(read.eventId);
  const isSeen = (eventId: EventId): boolean => {
    const place = places.get(eventId);
    return place !== undefined && last !== undefined && !isAfter(place, last);
  };
  return new Set(found.filter(({ eventId }) => isSeen(eventId)).map(({ communication }) => communication));
}

/** Platforms have one for each message and reader, or one for each thread and reader: that one waits for the last message. */
async function completeTasks(deps: Deps, { room, read }: InRoom, signal: AbortSignal): Promise<void> {
  const query = [
    ['code', `${MEDPLUM_TASK_CODE_SYSTEM}|${READ_RECEIPT_CODE}`],
    ['owner', read.person],
    ['status', 'requested'],
  ] as const;
  const { resources, complete } = await deps.fhir.searchAll('Task', query, MOST_UNREAD, signal);
  if (!complete)
    deps.log.warn({ limit: MOST_UNREAD }, 'A person has more unread messages than are looked at');
  const waiting = resources.flatMap((task) => {
    const focus = task.resourceType === 'Task' ? parseReference(task.focus?.reference)?.reference : undefined;
    return focus === undefined ? [] : [{ task: task as StoredResource<Task>, focus }];
  });
  if (waiting.length === 0) return;
  const focuses = waiting.map(({ focus }) => focus);
  const seen = await upTo(deps, { room, read }, focuses);
  const last = await findLast(deps, room);
  const thread =
    last?.message === read.message ? referenceTo('Communication', idOf(room.reference)) : undefined;
  for (const { task, focus } of waiting) {
    if (seen.has(focus) || focus === thread) await write(deps, { ...task, status: 'completed' }, signal);
  }
}

/** Entered in the ledger at once, so that its being read means nothing. */
async function write(
  { db, fhir, store }: Deps,
  changed: StoredResource | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (changed !== undefined)
    await store.resourceVersions.recordWritten(db, await fhir.update(changed, signal));
}
