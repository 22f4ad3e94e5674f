// Teams and organisations → the people they stand for, each with the roles that those who name them give them.
import type { CodeableConcept } from 'fhir/r4.js';
import type { FhirReference } from '../domain/ids.ts';
import { referenceTo, staffOf } from '../domain/ids.ts';
import type { WantedPeople } from '../mapping/fhir-to-matrix/participants.ts';
import { participantsOf } from '../mapping/fhir-to-matrix/participants.ts';
import { organizationOf, practitionerOf } from '../mapping/identities.ts';
import { holdsAt } from '../mapping/periods.ts';
import { wantedForCareTeam } from '../mapping/phases.ts';
import type { Log } from '../telemetry/log.ts';
import type { Reading } from './reading.ts';

/** How deep teams may stand within teams before the bridge stops looking. */
const DEEPEST_TEAM = 5;
/** PractitionerRoles of the organisations in one room that are read at most. */
const MOST_ROLES = 500;

/** People by reference, as they were named. */
export type NamedPeople = ReadonlyMap<FhirReference, readonly CodeableConcept[]>;

/** Reads the teams and organisations, and theirs, and gathers whom they name. */
export async function expandPeople(
  { reading, at, log }: { reading: Reading; at: number; log: Log },
  wanted: WantedPeople,
): Promise<NamedPeople> {
  const groups = [wanted, ...(await teamsWithin(reading, wanted.careTeams, at))];
  const people = new Map<FhirReference, readonly CodeableConcept[]>();
  for (const { reference, roles } of groups.flatMap((group) => group.people)) {
    people.set(reference, [...(people.get(reference) ?? []), ...roles]);
  }
  const organizations = [...new Set(groups.flatMap((group) => group.organizations))];
  const roles = await readStaff({ reading, at, log }, organizations);
  for (const reference of organizations) {
    const staff = roles.get(reference) ?? [reference];
    for (const person of staff) people.set(person, people.get(person) ?? []);
  }
  return people;
}

/** What the teams name, and the teams in them; each once, so that a cycle ends. */
async function teamsWithin(
  reading: Reading,
  careTeams: readonly FhirReference[],
  at: number,
): Promise<readonly WantedPeople[]> {
  const groups: WantedPeople[] = [];
  const seen = new Set<FhirReference>();
  let level = careTeams;
  for (let depth = 0; depth < DEEPEST_TEAM && level.length > 0; depth += 1) {
    await reading.read(level);
    const below: FhirReference[] = [];
    for (const reference of level) {
      seen.add(reference);
      const careTeam = reading.find(reference);
      if (careTeam?.resourceType !== 'CareTeam' || !isAtWork(careTeam.status)) continue;
      const group = participantsOf(careTeam, at);
      groups.push(group);
      below.push(...group.careTeams);
    }
    level = [...new Set(below)].filter((reference) => !seen.has(reference));
  }
  return groups;
}

/** A team that is proposed, or over, brings nobody into a room. */
function isAtWork(status: string | undefined): boolean {
  return status !== 'proposed' && wantedForCareTeam(status).phase !== 'closed';
}

/** The present roles in each organisation that have a holder; no entry for one without. */
async function readStaff(
  { reading, at, log }: { reading: Reading; at: number; log: Log },
  organizations: readonly FhirReference[],
): Promise<ReadonlyMap<FhirReference, readonly FhirReference[]>> {
  const staff = new Map<FhirReference, FhirReference[]>();
  if (organizations.length === 0) return staff;
  for (const organization of organizations) reading.dependOn(staffOf(organization));
  // Not `active=true`: a role that does not say so is active as well.
  const { resources, complete } = await reading.search(
    'PractitionerRole',
    [['organization', organizations.join(',')]],
    MOST_ROLES,
  );
  if (!complete)
    log.warn({ organizations, limit: MOST_ROLES }, 'An organisation has more roles than are read');
  for (const role of resources) {
    if (role.resourceType !== 'PractitionerRole') continue;
    const organization = organizationOf(role);
    const isHeld = role.active !== false && holdsAt(role.period, at) && practitionerOf(role) !== undefined;
    if (organization === undefined || !isHeld) continue;
    staff.set(organization, [...(staff.get(organization) ?? []), referenceTo('PractitionerRole', role.id)]);
  }
  return staff;
}
