// A person joined or left a room in Matrix → the CareTeam or CommunicationRequest with that change.
import type { CareTeamParticipant, Period } from 'fhir/r4.js';
import type { CareTeam, CommunicationRequest, FhirResource } from '../../domain/fhir.ts';
import { parseReference, type FhirReference } from '../../domain/ids.ts';
import { participantsOf, partiesOf, type WantedPeople } from '../fhir-to-matrix/participants.ts';
import { mayReferTo, type FhirProfile, type NarrowedElement } from '../fhir-profiles/fhir-profile.ts';
import { holdsAt, instantOf } from '../periods.ts';
import { referTo } from '../references.ts';

/** The resources that say who is in a room. */
export type Roster = CareTeam | CommunicationRequest;

/** Whether a resource says who is in a room. */
export function isRoster<Resource extends FhirResource>(resource: Resource): resource is Resource & Roster {
  return resource.resourceType === 'CareTeam' || resource.resourceType === 'CommunicationRequest';
}

/** A person: the reference to write, and all references that mean them (a Practitioner's roles). */
export interface PersonReference {
  readonly reference: FhirReference;
  readonly all: ReadonlySet<FhirReference>;
}

/** The time of an event and the time now, in milliseconds since the epoch. */
export interface Moment {
  readonly at: number;
  readonly now: number;
}

/**
 * The moment of an event by the clock of the sender's server, which may be wrong. A time in the future counts as now, so that a
 * period that ends with it has ended.
 */
export function momentOf(originServerTs: number, now: number): Moment {
  return { at: Math.max(0, Math.min(originServerTs, now)), now };
}

/** Whether the resource itself names the person as someone who takes part now. */
export function isNamed(roster: Roster, { all }: PersonReference, now: number): boolean {
  return wantedBy(roster, now).people.some(({ reference }) => all.has(reference));
}

/** Whether teams or organisations take part: through them a person may be in the room without being named. */
export function namesGroups(roster: Roster, now: number): boolean {
  const { careTeams, organizations } = wantedBy(roster, now);
  return careTeams.length + organizations.length > 0;
}

/** The PractitionerRoles that the resource names now, or named before. */
export function rolesNamedBy(roster: Roster): readonly FhirReference[] {
  const named =
    roster.resourceType === 'CareTeam'
      ? (roster.participant ?? []).map(({ member }) => member)
      : [...(roster.recipient ?? []), roster.requester, roster.sender];
  const parsed = named.map((member) => parseReference(member?.reference));
  return parsed.flatMap((each) => (each?.resourceType === 'PractitionerRole' ? [each.reference] : []));
}

/**
 * The resource with the person added: as participant from that moment on, or as recipient. A participation that has ended stays
 * as it is. The new one has the same reference, so that a role stays the role, but no role code, because codes give power.
 * @returns undefined when the resource names them already
 */
export function withMember(roster: Roster, person: PersonReference, moment: Moment): Roster | undefined {
  if (isNamed(roster, person, moment.now)) return undefined;
  if (roster.resourceType === 'CommunicationRequest')
    return { ...roster, recipient: [...(roster.recipient ?? []), referTo(person.reference)] };
  const participants = roster.participant ?? [];
  const former = participants.findLast((participant) => isOf(participant.member?.reference, person));
  const { reference } = parseReference(former?.member?.reference) ?? person;
  return {
    ...roster,
    participant: [...participants, { member: referTo(reference), period: { start: instant(moment.at) } }],
  };
}

/**
 * The resource without the person: each current participation ends at that moment, or the recipient is removed. The requester
 * and the sender of a conversation do not change.
 * @returns undefined when they are no participant or recipient
 */
export function withoutMember(roster: Roster, person: PersonReference, moment: Moment): Roster | undefined {
  return roster.resourceType === 'CareTeam'
    ? withoutParticipant(roster, person, moment)
    : withoutRecipient(roster, person);
}

/** Whether a profile lets the resource say that the person takes part in it, or does no more. */
export function isExpressible(
  roster: Roster,
  { reference }: PersonReference,
  profile: Pick<FhirProfile, 'requestNeeds' | 'targets'>,
): boolean {
  const isLeftEmpty = roster.resourceType === 'CommunicationRequest' && (roster.recipient ?? []).length === 0;
  if (isLeftEmpty) return !profile.requestNeeds.includes('recipient');
  return mayReferTo(profile, memberElement(roster), reference);
}

function memberElement(roster: Roster): NarrowedElement {
  if (roster.resourceType === 'CommunicationRequest') return 'CommunicationRequest.recipient';
  const isAboutPatient = parseReference(roster.subject?.reference) !== undefined;
  return isAboutPatient ? 'CareTeam.participant.member' : 'OrganizationalCareTeam.participant.member';
}

function withoutParticipant(
  careTeam: CareTeam,
  person: PersonReference,
  moment: Moment,
): CareTeam | undefined {
  const isLeaving = ({ member, period }: CareTeamParticipant): boolean =>
    isOf(member?.reference, person) && holdsAt(period, moment.now);
  if (!(careTeam.participant ?? []).some(isLeaving)) return undefined;
  const participant = (careTeam.participant ?? []).map((entry) =>
    isLeaving(entry) ? { ...entry, period: ended(entry.period, moment) } : entry,
  );
  return { ...careTeam, participant };
}

function withoutRecipient(
  request: CommunicationRequest,
  person: PersonReference,
): CommunicationRequest | undefined {
  const { recipient = [], ...rest } = request;
  const staying = recipient.filter(({ reference }) => !isOf(reference, person));
  if (staying.length === recipient.length) return undefined;
  // FHIR allows no empty lists.
  return staying.length === 0 ? rest : { ...rest, recipient: staying };
}

function isOf(reference: string | undefined, { all }: PersonReference): boolean {
  const parsed = parseReference(reference);
  return parsed !== undefined && all.has(parsed.reference);
}

/** A period must not end before it starts. */
function ended(period: Period | undefined, { at }: Moment): Period {
  const start = instantOf(period?.start);
  return { ...period, end: instant(start > at ? start : at) };
}

/** Whom the resource names at a moment. @param now milliseconds since the epoch */
export function wantedBy(roster: Roster, now: number): WantedPeople {
  return roster.resourceType === 'CareTeam' ? participantsOf(roster, now) : partiesOf(roster);
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
