// A Task or an AuditEvent of a platform → who has read what.
import {
  AUDIT_EVENT_ID_SYSTEM,
  isPersonType,
  LIFECYCLE_SYSTEM,
  MEDPLUM_TASK_CODE_SYSTEM,
  READ_RECEIPT_CODE,
  READ_STATE_CODE,
  TASK_CODE_SYSTEM,
  type AuditEvent,
  type FhirResource,
  type Task,
} from '../../domain/fhir.ts';
import { parseReference, typeOf, type FhirReference } from '../../domain/ids.ts';
import type { ReadReport } from '../../domain/threads.ts';
import { instantOf as momentOf } from '../periods.ts';

/** The report in a resource; undefined where it is none. */
export function readReportIn(resource: FhirResource): ReadReport | undefined {
  switch (resource.resourceType) {
    case 'Task':
      return reportOfTask(resource);
    case 'AuditEvent':
      return reportOfAuditEvent(resource);
    default:
      return undefined;
  }
}

/**
 * A completed Task says that its owner has read its focus. Two forms are read: a party's Task of a thread
 * (https://ozo-implementation-guide.headease.nl/interaction-messaging.html), and the one that a client posts for one message
 * (https://github.com/GIDSOpenStandaarden/poc-iznc/blob/main/input/pagecontent/fhir-first-approach.md#6-mark-as-read), also with
 * Medplum's code for it.
 * A Task that has a code of its own, or is no order, is another kind of work.
 */
function reportOfTask(task: Task): ReadReport | undefined {
  if (task.status !== 'completed' || task.intent !== 'order' || !isOfReadState(task)) return undefined;
  const person = personOf(task.owner?.reference);
  const conversation = find('CommunicationRequest', task.basedOn ?? []);
  const message = find('Communication', [task.focus]);
  const hasOtherFocus = task.focus !== undefined && message === undefined;
  if (person === undefined || hasOtherFocus || (message ?? conversation) === undefined) return undefined;
  const at = instantOf(task.executionPeriod?.end ?? task.lastModified);
  return { person, conversation, message, otherwise: 'first-message', at };
}

function isOfReadState({ code }: Task): boolean {
  const codes = [
    [TASK_CODE_SYSTEM, READ_STATE_CODE],
    [MEDPLUM_TASK_CODE_SYSTEM, READ_RECEIPT_CODE],
  ];
  return (
    code === undefined ||
    (code.coding ?? []).some(({ system, code: coded }) =>
      codes.some(([of, known]) => system === of && coded === known),
    )
  );
}

/**
 * An AuditEvent of type `access` says that its requestor has read the message or the conversation that it names. Before OZO
 * 0.8 its type was `rest`, as that of every request; then it says so where it names both. What the bridge itself has audited
 * it knows already.
 */
function reportOfAuditEvent(event: Partial<AuditEvent>): ReadReport | undefined {
  const { type, action, agent = [], entity, recorded, meta } = event;
  if (meta?.tag?.some(({ system }) => system === AUDIT_EVENT_ID_SYSTEM) === true) return undefined;
  if (action !== undefined && action !== 'R') return undefined;
  const [person] = agent.flatMap(({ who, requestor }) => (requestor ? (personOf(who?.reference) ?? []) : []));
  const whats = (entity ?? []).map(({ what }) => what);
  const conversation = find('CommunicationRequest', whats);
  const message = find('Communication', whats);
  const isAccess = type?.system === LIFECYCLE_SYSTEM && type.code === 'access';
  const isRequest = type?.code === 'rest' && conversation !== undefined && message !== undefined;
  if (!isAccess && !isRequest) return undefined;
  if (person === undefined || (message ?? conversation) === undefined) return undefined;
  return { person, conversation, message, otherwise: 'all', at: instantOf(recorded) };
}

/** A person, by their reference. Organisations and teams read nothing: people do. */
export function personOf(reference: string | undefined): FhirReference | undefined {
  const person = parseReference(reference)?.reference;
  return person !== undefined && isPersonType(typeOf(person)) && typeOf(person) !== 'Organization'
    ? person
    : undefined;
}

function find(
  resourceType: string,
  references: readonly ({ readonly reference?: string | undefined } | undefined)[],
): FhirReference | undefined {
  return references
    .map((each) => parseReference(each?.reference))
    .find((parsed) => parsed?.resourceType === resourceType)?.reference;
}

/** Milliseconds since the epoch; undefined where it is no time. */
export function instantOf(value: string | undefined): number | undefined {
  const at = momentOf(value);
  return Number.isNaN(at) ? undefined : at;
}
