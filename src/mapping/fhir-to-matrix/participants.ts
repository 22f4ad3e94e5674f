// Who takes part: the references in the participants of a CareTeam and in a CommunicationRequest.
import type { CodeableConcept } from 'fhir/r4.js';
import {
  isPersonType,
  SENDER_TEAM_EXTENSION,
  type CareTeam,
  type CommunicationRequest,
} from '../../domain/fhir.ts';
import { parseReference, type FhirReference } from '../../domain/ids.ts';
import { earliest, holdsAt, nextBoundary } from '../periods.ts';

/** A person that a team or request names, with the roles that it gives them. */
interface NamedPerson {
  readonly reference: FhirReference;
  readonly roles: readonly CodeableConcept[];
}

/** The people, teams and organisations that a resource names: each once, in its order. */
export interface WantedPeople {
  readonly people: readonly NamedPerson[];
  readonly careTeams: readonly FhirReference[];
  /** An organisation means its practitioners, or itself if it has none. */
  readonly organizations: readonly FhirReference[];
  /** The same holds until this moment if the resource does not change; undefined for ever. */
  readonly until?: number | undefined;
}

/**
 * The participants of a CareTeam at a moment, without those whose period has ended or has not begun.
 * @param at milliseconds since the epoch
 */
export function participantsOf(careTeam: CareTeam, at: number): WantedPeople {
  const participants = careTeam.participant ?? [];
  const present = participants
    .filter(({ period }) => holdsAt(period, at))
    .map(({ member, role }) => ({ reference: member?.reference, roles: role }));
  return { ...sorted(present), until: earliest(participants.map(({ period }) => nextBoundary(period, at))) };
}

/** The people, teams and organisations in a CommunicationRequest: its recipients, requester, sender, and sender's team. */
export function partiesOf({
  recipient = [],
  requester,
  sender,
  extension = [],
}: CommunicationRequest): WantedPeople {
  const senderTeams = extension.filter(({ url }) => url === SENDER_TEAM_EXTENSION);
  return sorted([...recipient, requester, sender, ...senderTeams.map((team) => team.valueReference)]);
}

/** Who began a conversation. */
export function startersOf(request: CommunicationRequest): WantedPeople {
  return sorted([request.requester, request.sender]);
}

/** The CareTeams to which a conversation may belong, as the request itself names them. */
export function careTeamsNamedBy(request: CommunicationRequest): readonly FhirReference[] {
  return sorted([...(request.recipient ?? []), ...(request.about ?? [])]).careTeams;
}

/** The author of the first message: the sender, or else the requester. */
export function authorOf(request: CommunicationRequest): FhirReference | undefined {
  return [request.sender, request.requester]
    .map((reference) => parseReference(reference?.reference))
    .find((parsed) => parsed !== undefined && isPersonType(parsed.resourceType))?.reference;
}

interface Mention {
  readonly reference?: string | undefined;
  readonly roles?: readonly CodeableConcept[] | undefined;
}

function sorted(mentions: readonly (Mention | undefined)[]): WantedPeople {
  const found = mentions.flatMap((mention) => {
    const parsed = parseReference(mention?.reference);
    return parsed === undefined ? [] : [{ ...parsed, roles: mention?.roles ?? [] }];
  });
  const ofType = (resourceType: string): FhirReference[] => [
    ...new Set(found.filter((each) => each.resourceType === resourceType).map(({ reference }) => reference)),
  ];
  const people = new Map<FhirReference, readonly CodeableConcept[]>();
  for (const { resourceType, reference, roles } of found) {
    if (!isPersonType(resourceType) || resourceType === 'Organization') continue;
    people.set(reference, [...(people.get(reference) ?? []), ...roles]);
  }
  return {
    people: [...people].map(([reference, roles]) => ({ reference, roles })),
    careTeams: ofType('CareTeam'),
    organizations: ofType('Organization'),
  };
}
