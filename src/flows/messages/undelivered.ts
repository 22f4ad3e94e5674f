// A Communication, or what a CommunicationRequest says first, did not reach its room → its platform is told by a Task, which is
// closed once it does.
import type { ClientBase } from 'pg';
import type { Communication, CommunicationRequest } from '../../domain/fhir.ts';
import { parseReference, referenceTo, type FhirReference } from '../../domain/ids.ts';
import type { UndeliveredReason } from '../../domain/undelivered.ts';
import { ended, failedAgain, undeliveredTask } from '../../mapping/fhir-to-matrix/undelivered-task.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt, NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import type { IgnoredReason } from '../ignored-reasons.ts';
import { undeliveredItem, type UndeliveredItem } from '../items/undelivered.ts';
import { andNext, type FlowOutcome } from '../outcome.ts';
import { findConversationRoom } from './conversation-room.ts';

/** Which of the reasons to ignore a Communication its platform has to be told of; of the others nothing was lost. */
export const UNDELIVERED_WHEN: Readonly<Partial<Record<IgnoredReason, UndeliveredReason>>> = {
  empty: 'no-content',
  'no-conversation': 'no-conversation',
  closed: 'conversation-closed',
  status: 'status-not-sent',
  'edit-not-carried': 'change-not-carried',
};

/** What it takes to notice a failure. */
export type NoticeFailure = Pick<Bridge, 'metrics' | 'settings' | 'store'>;

/** A Communication or CommunicationRequest, and the item that tried to carry it. */
export interface Tried {
  readonly message: FhirReference;
  readonly cause: string;
}

/** The outcome of a relay to Matrix, with what its platform is to be told of it. */
export function withReport(bridge: NoticeFailure, tried: Tried, outcome: FlowOutcome): FlowOutcome {
  if (outcome.kind === 'later') return outcome;
  if (outcome.kind === 'done') {
    const isRetracted = outcome.facts?.some(({ kind }) => kind === 'retracted') === true;
    const end = isRetracted ? 'withdrawn' : 'delivered';
    return andNext(outcome, (tx) => reportEnd(bridge, tx, tried, end));
  }
  if (outcome.reason === 'gone' || outcome.reason === 'withdrawn')
    return andNext(outcome, (tx) => reportEnd(bridge, tx, tried, 'withdrawn'));
  const reason = UNDELIVERED_WHEN[outcome.reason];
  return reason === undefined ? outcome : andNext(outcome, (tx) => reportFailure(bridge, tx, tried, reason));
}

/** Counts a failure, and has its platform told, in the transaction that ends the attempt. */
export async function reportFailure(
  { metrics, settings, store }: NoticeFailure,
  tx: ClientBase,
  { message, cause }: Tried,
  reason: UndeliveredReason,
): Promise<readonly NewItem[]> {
  metrics.undelivered.inc({ reason });
  if (settings.reportFailures === 'off') return [];
  await store.reportedFailures.saveFailure(tx, message, reason);
  return [undeliveredItem(message, reason, cause)];
}

async function reportEnd(
  { store }: Pick<NoticeFailure, 'store'>,
  tx: ClientBase,
  { message, cause }: Tried,
  end: 'delivered' | 'withdrawn',
): Promise<readonly NewItem[]> {
  return (await store.reportedFailures.endFailure(tx, message)) ? [undeliveredItem(message, end, cause)] : [];
}

/** Writes the Task of a failure, or what became of it. */
export async function reportUndelivered(
  bridge: Pick<Bridge, 'clock' | 'db' | 'fhir' | 'settings' | 'store'>,
  { communication: message, state }: UndeliveredItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { clock, db, fhir, settings, store } = bridge;
  const at = clock.now().getTime();
  const known = await store.reportedFailures.findFailureTask(db, message);
  const task = known === undefined ? undefined : await fhir.read(known, signal);
  if (task?.resourceType === 'Task') {
    const isEnd = state === 'delivered' || state === 'withdrawn';
    const changed = isEnd ? ended(task, state, at) : failedAgain(task, state, at);
    if (changed === undefined) return { kind: 'ignored', reason: 'unchanged' };
    await fhir.update(changed, signal);
    return { kind: 'done' };
  }
  if (state === 'delivered' || state === 'withdrawn') return { kind: 'ignored', reason: 'gone' };
  const failed = await fhir.read(message, signal);
  if (failed?.resourceType !== 'Communication' && failed?.resourceType !== 'CommunicationRequest')
    return { kind: 'ignored', reason: 'gone' };
  const patient = await patientOf(bridge, failed);
  const made = undeliveredTask(failed, { reason: state, at, patient }, settings.profile);
  if (made === undefined) return { kind: 'ignored', reason: 'profile-unfulfilled' };
  const created = await fhir.createOnce(made, { mayExist: true, signal });
  return {
    kind: 'done',
    record: (tx) => store.reportedFailures.saveFailureTask(tx, message, created.reference),
  };
}

/** Of the conversation, if it has a room. */
async function patientOf(
  { db, store }: Pick<Bridge, 'db' | 'store'>,
  failed: StoredResource<Communication | CommunicationRequest>,
): Promise<FhirReference | undefined> {
  const thread =
    failed.resourceType === 'CommunicationRequest'
      ? referenceTo('CommunicationRequest', failed.id)
      : parseReference(failed.partOf?.[0]?.reference)?.reference;
  return thread && (await findConversationRoom(store, db, thread))?.subject;
}
