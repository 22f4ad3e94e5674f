// The Tasks of a conversation as they should be: one for each party, saying whether it has read the latest message.
import { READ_STATE_CODE, TASK_CODE_SYSTEM, TASK_IDENTIFIER_SYSTEM, type Task } from '../../domain/fhir.ts';
import { parseReference, type FhirReference } from '../../domain/ids.ts';
import { readTaskIdOf } from '../delivery-ids.ts';
import { referTo } from '../references.ts';
import type { Party } from './parties.ts';

/** A conversation as far as its Tasks depend on it. */
export interface ThreadState {
  readonly conversation: FhirReference;
  /** Revoked or entered in error: no one has anything left to read. */
  readonly isWithdrawn: boolean;
  readonly patient: FhirReference | undefined;
  readonly parties: readonly Party[];
  /** The latest message; undefined while there is but the first, which is the conversation's own. */
  readonly latest: FhirReference | undefined;
  /** Who wrote the latest message, for which team where that is said, and when in milliseconds since the epoch. */
  readonly author: {
    readonly person: FhirReference | undefined;
    readonly team: FhirReference | undefined;
    readonly at: number | undefined;
  };
  /** Who has read the latest message, and when. */
  readonly readers: ReadonlyMap<FhirReference, Date>;
}

/** A Task as the server keeps it. */
export type StoredTask = Task & { id: string; meta: { versionId: string; lastUpdated: string } };

/** What is to be written. */
export type TaskChange =
  | { readonly kind: 'create'; readonly task: Task & { id: string } }
  | { readonly kind: 'update'; readonly task: StoredTask };

/** Who put a Task into one of these wants it there. */
const ENDED: readonly Task['status'][] = ['cancelled', 'entered-in-error', 'rejected', 'failed'];

/** The reason of a Task that the bridge itself has cancelled; should its owner come back, it is opened again. */
const NO_PARTY = 'no-party';

/**
 * What has to be written for the Tasks to be as they should; nothing where they are.
 * @param actual the Tasks of read state of the conversation
 * @param now milliseconds since the epoch
 */
export function taskChanges(
  thread: ThreadState,
  actual: readonly StoredTask[],
  now: number,
): readonly TaskChange[] {
  const byOwner = new Map(actual.map((task) => [parseReference(task.owner?.reference)?.reference, task]));
  const parties = thread.isWithdrawn ? [] : thread.parties;
  const owners = new Set<FhirReference | undefined>(parties.map(({ owner }) => owner));
  const left = actual.filter(({ owner }) => !owners.has(parseReference(owner?.reference)?.reference));
  return [
    ...parties.flatMap((party) => changeFor(thread, party, byOwner.get(party.owner), now)),
    ...left
      .filter(({ status }) => !ENDED.includes(status))
      .map((task): TaskChange => ({ kind: 'update', task: withdrawn(task, now) })),
  ];
}

function changeFor(
  thread: ThreadState,
  party: Party,
  actual: StoredTask | undefined,
  now: number,
): readonly TaskChange[] {
  const wanted = wantedElements(thread, party, actual);
  const lastModified = new Date(now).toISOString();
  if (actual === undefined)
    return [{ kind: 'create', task: { ...newTask(thread, party, lastModified), ...wanted, lastModified } }];
  const isOver = ENDED.includes(actual.status) && !isCancelledByBridge(actual);
  if (isOver || isSame(actual, wanted)) return [];
  const emptied = { statusReason: undefined, focus: undefined, executionPeriod: undefined };
  return [{ kind: 'update', task: { ...actual, ...emptied, ...wanted, lastModified } }];
}

type Moving = Pick<Task, 'status' | 'focus' | 'executionPeriod'>;

/** The elements that change as messages are written and read. */
function wantedElements(thread: ThreadState, party: Party, actual: StoredTask | undefined): Moving {
  const { latest, author } = thread;
  const readAt = [...party.readers].flatMap((reader) => thread.readers.get(reader)?.getTime() ?? []);
  const isAuthor = hasWritten(thread, party);
  const endedAt = isAuthor ? author.at : readAt.length === 0 ? undefined : Math.min(...readAt);
  return {
    // A platform may have completed it a moment ago: for one message, a Task never goes back.
    status: isAuthor || readAt.length > 0 || hasCompleted(actual, latest) ? 'completed' : 'requested',
    ...(latest !== undefined && { focus: referTo(latest) }),
    ...(endedAt !== undefined && { executionPeriod: { end: new Date(endedAt).toISOString() } }),
  };
}

function hasCompleted(actual: StoredTask | undefined, message: FhirReference | undefined): boolean {
  return actual?.status === 'completed' && parseReference(actual.focus?.reference)?.reference === message;
}

/** Who is in two teams of a conversation writes for the one that the message names; if it names none, for both. */
function hasWritten({ parties, author: { person, team } }: ThreadState, party: Party): boolean {
  if (person === undefined || !party.readers.has(person)) return false;
  const isNamed = team !== undefined && parties.some((each) => each.team === team);
  return !isNamed || party.team === undefined || party.team === team;
}

function newTask({ conversation, patient }: ThreadState, { owner }: Party, authoredOn: string) {
  const id = readTaskIdOf(conversation, owner);
  return {
    resourceType: 'Task',
    id,
    identifier: [{ use: 'official', system: TASK_IDENTIFIER_SYSTEM, value: id }],
    basedOn: [referTo(conversation)],
    intent: 'order',
    code: { coding: [{ system: TASK_CODE_SYSTEM, code: READ_STATE_CODE, display: 'Read state' }] },
    ...(patient !== undefined && { for: referTo(patient) }),
    authoredOn,
    owner: referTo(owner),
  } as const satisfies Partial<Task>;
}

function isSame(actual: Task, wanted: Moving): boolean {
  return (
    actual.status === wanted.status &&
    parseReference(actual.focus?.reference)?.reference === wanted.focus?.reference
  );
}

function withdrawn(task: StoredTask, now: number): StoredTask {
  const coding = [{ system: TASK_CODE_SYSTEM, code: NO_PARTY, display: 'Its owner is no party any more' }];
  return {
    ...task,
    status: 'cancelled',
    statusReason: { coding },
    lastModified: new Date(now).toISOString(),
  };
}

function isCancelledByBridge({ status, statusReason }: Task): boolean {
  return (
    status === 'cancelled' &&
    (statusReason?.coding ?? []).some(({ system, code }) => system === TASK_CODE_SYSTEM && code === NO_PARTY)
  );
}
