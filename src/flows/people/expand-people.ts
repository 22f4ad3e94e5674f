// Teams and organisations → the people they stand for, each with the roles that those who name them give them.
import type { CodeableConcept } from 'fhir/r4.js';
import { referenceTo, type FhirReference } from '../../domain/ids.ts';
import { participantsOf, type WantedPeople } from '../../mapping/fhir-to-matrix/participants.ts';
import { organizationOf, practitionerOf } from '../../mapping/identities.ts';
import { earliest, holdsAt, nextBoundary } from '../../mapping/periods.ts';
import { wantedForCareTeam } from '../../mapping/phases.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { BridgeSettings } from '../bridge.ts';
import type { ReadSet } from './read-set.ts';

/** How deep teams may stand within teams before the bridge stops looking. */
const DEEPEST_TEAM = 5;
/** PractitionerRoles of the organisations in one room that are read at most. */
const MOST_ROLES = 500;

/** What people are gathered with. */
export interface Expanding {
  readonly reads: ReadSet;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly log: Log;
  readonly settings: Pick<BridgeSettings, 'mostPerRoom'>;
}

/** People by reference, as they were named. */
export type NamedPeople = ReadonlyMap<FhirReference, readonly CodeableConcept[]>;

/**
 * Reads the teams and organisations, and theirs, and gathers whom they name.
 * @returns also until when, by the clock alone, it is these; undefined for ever
 * @throws BridgeError `room-too-large` when they are too many, before any of them is read
 */
export async function expandPeople(
  { reads, at, log, settings }: Expanding,
  wanted: WantedPeople,
): Promise<{ readonly named: NamedPeople; readonly until: number | undefined }> {
  const groups = [wanted, ...(await teamsWithin(reads, wanted.careTeams, at))];
  const people = new Map<FhirReference, readonly CodeableConcept[]>();
  for (const { reference, roles } of groups.flatMap((group) => group.people)) {
    people.set(reference, [...(people.get(reference) ?? []), ...roles]);
  }
  const organizations = [...new Set(groups.flatMap((group) => group.organizations))];
  const staff = await readStaff({ reads, at, log }, organizations);
  for (const reference of organizations) {
    const roles = staff.roles.get(reference) ?? [reference];
    for (const person of roles) people.set(person, people.get(person) ?? []);
  }
  const most = settings.mostPerRoom;
  if (people.size > most)
    throw new BridgeError('room-too-large', `${people.size} people, of at most ${most}`);
  return { named: people, until: earliest([...groups.map(({ until }) => until), staff.until]) };
}

/** What the teams name, and the teams in them; each once, so that a cycle ends. */
async function teamsWithin(
  reads: ReadSet,
  careTeams: readonly FhirReference[],
  at: number,
): Promise<readonly WantedPeople[]> {
  const groups: WantedPeople[] = [];
  const seen = new Set<FhirReference>();
  let level = careTeams;
  for (let depth = 0; depth < DEEPEST_TEAM && level.length > 0; depth += 1) {
    await reads.read(level);
    const below: FhirReference[] = [];
    for (const reference of level) {
      seen.add(reference);
      const careTeam = reads.find(reference);
      if (careTeam?.resourceType !== 'CareTeam' || !isAtWork(careTeam.status)) continue;
      const group = participantsOf(careTeam, at);
      groups.push(group);
      below.push(...group.careTeams);
    }
    level = [...new Set(below)].filter((reference) => !seen.has(reference));
  }
  return groups;
}

/** A team that is proposed, or over, brings no one into a room. */
function isAtWork(status: string | undefined): boolean {
  return status !== 'proposed' && wantedForCareTeam(status).phase !== 'closed';
}

/** The present roles in each organisation that have a holder; no entry for an organisation without. */
async function readStaff(
  { reads, at, log }: { reads: ReadSet; at: number; log: Log },
  organizations: readonly FhirReference[],
) {
  const roles = new Map<FhirReference, FhirReference[]>();
  if (organizations.length === 0) return { roles, until: undefined };
  // Not `active=true`: a role that does not say so is active as well.
  const { resources, complete } = await reads.rolesIn(organizations, MOST_ROLES);
  if (!complete)
    log.warn({ organizations, limit: MOST_ROLES }, 'An organisation has more roles than are read');
  const boundaries: (number | undefined)[] = [];
  for (const role of resources) {
    if (role.resourceType !== 'PractitionerRole' || role.active === false) continue;
    const organization = organizationOf(role);
    if (organization === undefined || practitionerOf(role) === undefined) continue;
    boundaries.push(nextBoundary(role.period, at));
    if (!holdsAt(role.period, at)) continue;
    roles.set(organization, [...(roles.get(organization) ?? []), referenceTo('PractitionerRole', role.id)]);
  }
  return { roles, until: earliest(boundaries) };
}
