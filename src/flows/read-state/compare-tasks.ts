// Something changed in a conversation → its Tasks are compared with what they should be, and what differs is written.
import {
  READ_STATE_CODE,
  TASK_CODE_SYSTEM,
  type Communication,
  type CommunicationRequest,
} from '../../domain/fhir.ts';
import { parseReference, type FhirReference } from '../../domain/ids.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { NewItem } from '../../inbox/item.ts';
import { authorOf } from '../../mapping/fhir-to-matrix/participants.ts';
import { isAfter } from '../../mapping/read-state/order.ts';
import { taskChanges, type StoredTask, type ThreadState } from '../../mapping/read-state/tasks.ts';
import type { RoomRow } from '../../store/rooms.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import type { Context } from '../handle-item.ts';
import { readReportItems } from '../items/read-report.ts';
import type { ReadTasksItem } from '../items/read-tasks.ts';
import type { FlowOutcome } from '../outcome.ts';
import { createReadSet, type ReadSet } from '../people/read-set.ts';
import { findLast, findPlaces, type PlacedMessage } from './places.ts';
import { senderTeamOf, threadParties } from './thread-parties.ts';

type Deps = Pick<Bridge, 'clock' | 'db' | 'fhir' | 'findLogged' | 'findTail' | 'log' | 'settings' | 'store'>;

/** How long is waited for more messages, so that the Tasks are written once for all of them. */
const PAUSE_MS = 1_000;
/** Tasks of a conversation that are looked at. */
const MOST_TASKS = 1_000;

/** Brings the Tasks of a conversation up to date, unless that was done since it was asked for. */
export async function compareTasks(
  deps: Deps,
  { conversation }: ReadTasksItem,
  { item, attempt: { signal } }: Context,
): Promise<FlowOutcome> {
  const { db, store, clock, fhir } = deps;
  if (await store.readPositions.wereComparedFor(db, conversation, item.position))
    return { kind: 'ignored', reason: 'done-since' };
  const afterMs = item.receivedAt.getTime() + PAUSE_MS - clock.now().getTime();
  if (afterMs > 0) return { kind: 'later', afterMs };
  const upTo = await deps.findTail(db, item.lane);
  const room = await store.rooms.findRoom(db, conversation);
  if (room === undefined) return { kind: 'ignored', reason: 'no-room' };
  const reads = createReadSet(fhir, signal);
  await reads.read([conversation]);
  const request = reads.find(conversation);
  if (request?.resourceType !== 'CommunicationRequest') return { kind: 'ignored', reason: 'gone' };
  const thread = await threadStateOf(deps, room, request, reads);
  const actual = await readTasks(deps, conversation, signal);
  const overtaken = await writeChanges(deps, thread, actual, signal).catch(async (error: unknown) => {
    if (await isRefusedAsGone(deps, thread, error, signal)) return 'gone' as const;
    throw error;
  });
  // The Tasks go on with the next message.
  if (overtaken === 'gone') return { kind: 'ignored', reason: 'gone' };
  return {
    kind: 'done',
    record: (tx) => store.readPositions.saveCompared(tx, conversation, Math.max(upTo, item.position)),
    next: overtaken,
  };
}

async function threadStateOf(
  deps: Deps,
  room: RoomRow,
  request: StoredResource<CommunicationRequest>,
  reads: ReadSet,
): Promise<ThreadState> {
  const { clock, log, settings } = deps;
  const at = clock.now().getTime();
  const last = await findLast(deps, room);
  if (last?.message !== undefined) await reads.read([last.message]);
  const found = last?.message && reads.find(last.message);
  const subject = parseReference(request.subject?.reference);
  const patient = subject?.resourceType === 'Patient' ? subject.reference : undefined;
  const { profile } = settings;
  const hasTasks = patient !== undefined || !profile.taskNeeds.includes('for');
  return {
    conversation: room.reference,
    isWithdrawn: request.status === 'revoked' || request.status === 'entered-in-error',
    patient,
    parties: hasTasks ? await threadParties({ reads, at, log, settings }, request, profile) : [],
    latest: last?.message,
    author: found?.resourceType === 'Communication' ? writerOf(found) : writerOf(request),
    readers: await readersOf(deps, room, last),
  };
}

/** Who wrote a message, or the first message of a conversation. */
function writerOf(written: Communication | CommunicationRequest): ThreadState['author'] {
  const isMessage = written.resourceType === 'Communication';
  const at = Date.parse((isMessage ? written.sent : written.authoredOn) ?? '');
  return {
    person: isMessage ? parseReference(written.sender?.reference)?.reference : authorOf(written),
    team: senderTeamOf(written),
    at: Number.isNaN(at) ? undefined : at,
  };
}

async function readersOf(
  deps: Deps,
  room: RoomRow,
  last: PlacedMessage | undefined,
): Promise<ReadonlyMap<FhirReference, Date>> {
  const positions = await deps.store.readPositions.findReadPositions(deps.db, room.reference);
  const eventIds = [...new Set(positions.map(({ eventId }) => eventId))];
  const places = await findPlaces(deps, room, eventIds);
  const hasReadLast = (eventId: PlacedMessage['eventId']): boolean => {
    const place = places.get(eventId);
    if (place === undefined || last === undefined) return false;
    return place.message === last.message || !isAfter(last, place);
  };
  const readers = positions.filter(({ eventId }) => hasReadLast(eventId));
  return new Map(readers.map(({ person, readAt }) => [person, readAt]));
}

async function readTasks(
  { fhir, log }: Deps,
  conversation: FhirReference,
  signal: AbortSignal,
): Promise<readonly StoredTask[]> {
  const query = [
    ['based-on', conversation],
    ['code', `${TASK_CODE_SYSTEM}|${READ_STATE_CODE}`],
  ] as const;
  const { resources, complete } = await fhir.searchAll('Task', query, MOST_TASKS, signal);
  if (!complete) log.warn({ conversation, limit: MOST_TASKS }, 'A conversation has more Tasks than are read');
  return resources.filter((resource) => resource.resourceType === 'Task');
}

/** Many servers refuse a reference to what is not there: somebody has deleted the latest message. */
async function isRefusedAsGone(
  { fhir }: Deps,
  { latest }: ThreadState,
  error: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  const isRefused = error instanceof BridgeError && error.code === 'fhir-refused';
  return isRefused && latest !== undefined && (await fhir.read(latest, signal)) === undefined;
}

/**
 * Writes what differs. Each version is entered in the ledger at once, so that its being read means nothing.
 * @returns what completed Tasks said that were changed before their readers could see them
 */
async function writeChanges(
  { db, fhir, store, clock }: Deps,
  thread: ThreadState,
  actual: readonly StoredTask[],
  signal: AbortSignal,
): Promise<readonly NewItem[]> {
  const { recordWritten, wasWritten } = store.resourceVersions;
  const overtaken: StoredTask[] = [];
  for (const { kind, task } of taskChanges(thread, actual, clock.now().getTime())) {
    const version =
      kind === 'create'
        ? await fhir.createOnce(task, { mayExist: true, signal })
        : await fhir.update(task, signal);
    const before = actual.find(({ id }) => kind === 'update' && id === task.id);
    const isOwn = before === undefined || (await wasWritten(db, version.reference, before.meta.versionId));
    if (!isOwn) overtaken.push(before);
    await recordWritten(db, version);
  }
  return readReportItems(overtaken);
}
