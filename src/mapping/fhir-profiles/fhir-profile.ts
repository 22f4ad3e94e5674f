// What a FHIR server's profiles demand of the bridge, as data: one file in this folder for each, and a line in `profiles.ts`.
import type { Coding } from 'fhir/r4.js';
import type { FhirProfileName } from '../../domain/fhir.ts';
import { typeOf, type FhirReference } from '../../domain/ids.ts';

/** The elements whose targets a profile may narrow down. */
export type NarrowedElement =
  | 'Communication.sender'
  | 'Communication.recipient'
  | 'CommunicationRequest.requester'
  | 'CommunicationRequest.recipient'
  /** Of a care team about a patient. */
  | 'CareTeam.participant.member'
  /** Of a team of an organisation, which has no subject. */
  | 'OrganizationalCareTeam.participant.member'
  | 'Task.owner'
  | 'Task.focus'
  | 'AuditEvent.agent.who';

/** The differences between profiles. */
export interface FhirProfile {
  readonly name: FhirProfileName;
  /** To which types an element may refer; an element that is left out to every type that FHIR allows. */
  readonly targets: Readonly<Partial<Record<NarrowedElement, readonly string[]>>>;
  /** What a CommunicationRequest cannot do without. */
  readonly requestNeeds: readonly ('subject' | 'requester' | 'recipient')[];
  /** What a Task cannot do without. */
  readonly taskNeeds: readonly ('for' | 'owner')[];
  /** The extension in which a message names the organisation's team that it is sent for; undefined where there is none. */
  readonly actingTeamExtension: string | undefined;
  readonly readState: {
    /** Who has the Task of an organisation's team: each of its members, or the team itself. */
    readonly organizationalTeamTask: 'each-member' | 'the-team';
  };
  readonly audit: {
    /** The type of an AuditEvent which says that a person has read a message. */
    readonly readType: Coding;
    /** The extension of the agent that names the organisation's team for which they acted. */
    readonly agentTeamExtension: string | undefined;
  };
  readonly search: {
    /** How a search bypasses the server's cache. */
    readonly cacheControl: 'no-store' | 'no-cache';
    /** The most resources that a page may be asked for. */
    readonly largestPage: number;
  };
}

/** Whether a profile lets an element refer to this resource. */
export function mayReferTo(
  { targets }: Pick<FhirProfile, 'targets'>,
  element: NarrowedElement,
  reference: FhirReference,
): boolean {
  return targets[element]?.includes(typeOf(reference)) ?? true;
}
