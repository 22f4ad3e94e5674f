// A person joined or left a room in Matrix → the Task that proposes to add or remove them (policy `suggest`).
import type { Reference, Task, TaskInput } from 'fhir/r4.js';
import { EVENT_ID_SYSTEM } from '../../domain/fhir.ts';
import { typeOf, type FhirReference } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { taskIdOf } from '../delivery-ids.ts';
import { mayReferTo, type FhirProfile } from '../fhir-profiles/fhir-profile.ts';
import { referTo, sameReference } from '../references.ts';

/** A proposed change of the members. */
interface Suggestion {
  readonly action: 'add' | 'remove';
  /** The CareTeam or CommunicationRequest. */
  readonly focus: FhirReference;
  readonly member: FhirReference;
  /** The subject of the resource. */
  readonly subject: Reference | undefined;
  /** Who did it in the room; undefined if unknown. */
  readonly requester: FhirReference | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * The Task. Its id is derived from the event id, so that one event makes one Task.
 * @returns undefined where the profile demands what is not known
 */
export function suggestionTask(
  event: Pick<MatrixEvent, 'event_id'>,
  what: Suggestion,
  profile: FhirProfile,
): (Task & { id: string }) | undefined {
  const beneficiary = sameReference(what.subject);
  const owner = profile.taskNeeds.includes('owner') ? ownerOf(what, profile) : undefined;
  const lacks = { for: beneficiary === undefined, owner: owner === undefined };
  if (profile.taskNeeds.some((element) => lacks[element])) return undefined;
  const { input = [], ...concerned } = concernedOf(what.focus, profile);
  return {
    resourceType: 'Task',
    id: taskIdOf(event.event_id),
    identifier: [{ use: 'official', system: EVENT_ID_SYSTEM, value: event.event_id }],
    status: 'requested',
    intent: 'proposal',
    code: { text: what.action === 'add' ? 'Add member' : 'Remove member' },
    ...concerned,
    ...(beneficiary !== undefined && { for: beneficiary }),
    authoredOn: new Date(what.at).toISOString(),
    ...(what.requester !== undefined && { requester: referTo(what.requester) }),
    ...(owner !== undefined && { owner: referTo(owner) }),
    input: [{ type: { text: 'member' }, valueReference: referTo(what.member) }, ...input],
  };
}

/** Who did it is to see to it; where they cannot own a Task, it is with the person whom it is about. */
function ownerOf({ requester, member }: Suggestion, profile: FhirProfile): FhirReference | undefined {
  return [requester, member]
    .filter((person) => person !== undefined)
    .find((person) => mayReferTo(profile, 'Task.owner', person));
}

/** The resource that is to be changed, in the element where the profile lets it stand. */
function concernedOf(focus: FhirReference, profile: FhirProfile): Pick<Task, 'focus' | 'basedOn' | 'input'> {
  if (mayReferTo(profile, 'Task.focus', focus)) return { focus: referTo(focus) };
  if (typeOf(focus) === 'CommunicationRequest') return { basedOn: [referTo(focus)] };
  const team: TaskInput = { type: { text: 'team' }, valueReference: referTo(focus) };
  return { input: [team] };
}
