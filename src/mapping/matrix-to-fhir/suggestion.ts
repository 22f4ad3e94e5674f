// A person joined or left a room in Matrix → the Task that proposes to add or remove them (policy `suggest`).
import type { Task } from 'fhir/r4.js';
import { EVENT_ID_SYSTEM } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { taskIdOf } from '../delivery-ids.ts';

/** A proposed change of the members. */
interface Suggestion {
  readonly action: 'add' | 'remove';
  /** The CareTeam or CommunicationRequest. */
  readonly focus: FhirReference;
  readonly member: FhirReference;
  /** The subject of the resource. */
  readonly subject: string | undefined;
  /** Who did it in the room; undefined if unknown. */
  readonly requester: FhirReference | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The Task. Its id is derived from the event id, so that one event makes one Task. */
export function suggestionTask(
  event: Pick<MatrixEvent, 'event_id'>,
  what: Suggestion,
): Task & { id: string } {
  return {
    resourceType: 'Task',
    id: taskIdOf(event.event_id),
    identifier: [{ use: 'official', system: EVENT_ID_SYSTEM, value: event.event_id }],
    status: 'requested',
    intent: 'proposal',
    code: { text: what.action === 'add' ? 'Add member' : 'Remove member' },
    focus: { reference: what.focus },
    ...(what.subject !== undefined && { for: { reference: what.subject } }),
    authoredOn: new Date(what.at).toISOString(),
    ...(what.requester !== undefined && { requester: { reference: what.requester } }),
    input: [{ type: { text: 'member' }, valueReference: { reference: what.member } }],
  };
}
