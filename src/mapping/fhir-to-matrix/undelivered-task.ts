// A message of a platform did not reach its room → the Task that tells its platform so. It never holds what the message says.
import type { CodeableConcept, Task } from 'fhir/r4.js';
import {
  type CommunicationRequest,
  TASK_CODE_SYSTEM,
  TASK_IDENTIFIER_SYSTEM,
  UNDELIVERED_REASON_SYSTEM,
  UNDELIVERED_TASK_CODE,
  type Communication,
} from '../../domain/fhir.ts';
import { parseReference, referenceTo, type FhirReference } from '../../domain/ids.ts';
import { UNDELIVERED, type UndeliveredReason } from '../../domain/undelivered.ts';
import { failureTaskIdOf } from '../delivery-ids.ts';
import { mayReferTo, type FhirProfile } from '../fhir-profiles/fhir-profile.ts';
import { referTo } from '../references.ts';
import { instantOf } from '../periods.ts';

/** How a failure ended: the message was delivered after all, or its platform took it back. */
export type FailureEnd = 'delivered' | 'withdrawn';

const ISSUE_TYPE_SYSTEM = 'http://hl7.org/fhir/issue-type';

type FailedMessage = Pick<Communication | CommunicationRequest, 'resourceType' | 'sender' | 'subject'> & {
  readonly id: string;
};

/** A failure to deliver. */
interface Failure {
  readonly reason: UndeliveredReason;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Whom the conversation is about. */
  readonly patient: FhirReference | undefined;
}

/**
 * The Task. There is one for each Communication, with an id derived from the Communication's; likewise for a CommunicationRequest
 * of which the first message failed. Where a Task needs an owner, it is the sender: their platform is to see to it.
 * @returns undefined where the profile demands what is not known
 */
export function undeliveredTask(
  { resourceType, id, subject, sender }: FailedMessage,
  { reason, at, patient: ofConversation }: Failure,
  profile: Pick<FhirProfile, 'targets' | 'taskNeeds'>,
): (Task & { id: string }) | undefined {
  const message = referenceTo(resourceType, id);
  const taskId = failureTaskIdOf(message);
  const patient = parseReference(subject?.reference)?.reference ?? ofConversation;
  const owner = profile.taskNeeds.includes('owner') ? ownerOf(sender, profile) : undefined;
  const lacks = { for: patient === undefined, owner: owner === undefined };
  if (profile.taskNeeds.some((element) => lacks[element])) return undefined;
  return {
    resourceType: 'Task',
    id: taskId,
    identifier: [{ use: 'official', system: TASK_IDENTIFIER_SYSTEM, value: taskId }],
    status: 'failed',
    statusReason: reasonConcept(reason),
    intent: 'order',
    code: { coding: [{ system: TASK_CODE_SYSTEM, code: UNDELIVERED_TASK_CODE }] },
    focus: referTo(message),
    ...(patient !== undefined && { for: referTo(patient) }),
    ...(owner !== undefined && { owner: referTo(owner) }),
    ...{ authoredOn: new Date(at).toISOString(), lastModified: new Date(at).toISOString() },
  };
}

function ownerOf(
  sender: Communication['sender'],
  profile: Pick<FhirProfile, 'targets'>,
): FhirReference | undefined {
  const person = parseReference(sender?.reference)?.reference;
  return person !== undefined && mayReferTo(profile, 'Task.owner', person) ? person : undefined;
}

/** The Task of a message that failed again; undefined when it says so already. */
export function failedAgain<Known extends Task>(
  task: Known,
  reason: UndeliveredReason,
  at: number,
): Known | undefined {
  const saysSo = task.statusReason?.coding?.some(
    ({ system, code }) => system === UNDELIVERED_REASON_SYSTEM && code === reason,
  );
  if (task.status === 'failed' && saysSo === true) return undefined;
  return {
    ...task,
    ...{ status: 'failed', statusReason: reasonConcept(reason), lastModified: modifiedAt(task, at) },
  };
}

/** The Task of a message that fails no more; undefined when it says so already. */
export function ended<Known extends Task>(task: Known, end: FailureEnd, at: number): Known | undefined {
  const status = end === 'delivered' ? 'completed' : 'cancelled';
  if (task.status === status) return undefined;
  const { statusReason: _, ...rest } = task;
  return { ...(rest as Known), status, lastModified: modifiedAt(task, at) };
}

/** Not before `authoredOn`, whosever clock that was (inv-1 of https://hl7.org/fhir/R4/task.html). */
function modifiedAt({ authoredOn = '' }: Task, at: number): string {
  const authored = instantOf(authoredOn);
  return new Date(authored > at ? authored : at).toISOString();
}

function reasonConcept(reason: UndeliveredReason): CodeableConcept {
  const { display, issue } = UNDELIVERED[reason];
  return {
    coding: [
      { system: UNDELIVERED_REASON_SYSTEM, code: reason, display },
      { system: ISSUE_TYPE_SYSTEM, code: issue },
    ],
  };
}
