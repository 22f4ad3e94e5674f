// Who takes part: the references in a CareTeam's participants and in a CommunicationRequest's recipients.
import type { CareTeam, CommunicationRequest } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import { parseReference } from '../../domain/ids.ts';

const PERSON_TYPES: ReadonlySet<string> = new Set([
  'Practitioner',
  'PractitionerRole',
  'RelatedPerson',
  'Patient',
  'Organization',
]);

/** People and teams by reference, each once, in the order of the resource. */
export interface Participants {
  readonly people: readonly FhirReference[];
  readonly careTeams: readonly FhirReference[];
}

/**
 * The participants of a CareTeam at a moment: whoever's period has ended is left out.
 * @param at milliseconds since the epoch
 */
export function participantsOf(careTeam: CareTeam, at: number): Participants {
  const present = (careTeam.participant ?? []).filter(({ period }) => {
    const end = Date.parse(period?.end ?? '');
    return Number.isNaN(end) || end > at;
  });
  return sorted(present.map((participant) => participant.member?.reference));
}

/** The people and teams a CommunicationRequest names: its recipients, requester and sender. */
export function partiesOf(request: CommunicationRequest): Participants {
  return sorted([
    ...(request.recipient ?? []).map((recipient) => recipient.reference),
    request.requester?.reference,
    request.sender?.reference,
  ]);
}

/** The CareTeams to which a conversation may belong, as the request itself names them. */
export function careTeamsNamedBy(request: CommunicationRequest): readonly FhirReference[] {
  return sorted([
    ...(request.recipient ?? []).map((recipient) => recipient.reference),
    ...(request.about ?? []).map((about) => about.reference),
  ]).careTeams;
}

/** Whose ghost says the first message: the sender, else the requester. */
export function authorOf(request: CommunicationRequest): FhirReference | undefined {
  return [request.sender, request.requester]
    .map((reference) => parseReference(reference?.reference))
    .find((parsed) => parsed !== undefined && PERSON_TYPES.has(parsed.resourceType))?.reference;
}

/** The text of a CommunicationRequest that becomes the room's first message: payload[0]. */
export function firstMessageOf(request: CommunicationRequest): string | undefined {
  return request.payload?.[0]?.contentString;
}

function sorted(references: readonly (string | undefined)[]): Participants {
  const parsed = references.map(parseReference).filter((reference) => reference !== undefined);
  const unique = (found: typeof parsed): FhirReference[] => [
    ...new Set(found.map(({ reference }) => reference)),
  ];
  return {
    people: unique(parsed.filter(({ resourceType }) => PERSON_TYPES.has(resourceType))),
    careTeams: unique(parsed.filter(({ resourceType }) => resourceType === 'CareTeam')),
  };
}
