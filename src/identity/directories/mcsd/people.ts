// People of a FHIR directory: practitioners with their present roles and organisations, and the Matrix address they may be believed.
import type { ContactPoint } from 'fhir/r4.js';
import type { Clock } from '../../../domain/clock.ts';
import type { FhirReference, MatrixUserId } from '../../../domain/ids.ts';
import { idOf, parseReference, referenceTo } from '../../../domain/ids.ts';
import { contactsInUse } from '../../../mapping/contacts.ts';
import { isHeldAt, organizationOf, practitionerOf } from '../../../mapping/identities.ts';
import { homeserversIn, matrixAddressesIn, type TelecomReading } from '../../../mapping/matrix-address.ts';
import { displayNameOf } from '../../../mapping/people.ts';
import type { DirectoryEntry, Threepid } from '../directory.ts';
import { cleanName } from '../names.ts';
import { emailsIn } from '../threepid.ts';
import type { Accepts, AssertedOrganization } from '../trust.ts';
import { numbersIn, rolesIn } from './care-identifiers.ts';
import type { DirectoryResource, FhirDirectory } from './fhir-directory.ts';

type Practitioner = DirectoryResource<'Practitioner'>;
type PractitionerRole = DirectoryResource<'PractitionerRole'>;
type Organization = DirectoryResource<'Organization'>;

/** A role that is held at present. */
export interface HeldRole {
  readonly role: PractitionerRole;
  /** The organisation and those it is a part of, nearest first. */
  readonly organizations: readonly Organization[];
}

/** A practitioner with all that decides who they are. */
export interface Candidate {
  readonly reference: FhirReference;
  readonly practitioner: Practitioner;
  readonly roles: readonly HeldRole[];
}

interface Deps {
  readonly fhir: FhirDirectory;
  readonly accepts: Accepts;
  readonly clock: Clock;
  /** How Matrix addresses in telecom are read. */
  readonly isLenient: TelecomReading['isLenient'];
}

/** The most roles of the practitioners asked for at one time, and the most practitioners. */
const ROLES = 2_000;
export const PRACTITIONERS = 100;
/** How far up from a department to the organisation that bears the number. */
const LEVELS = 5;

export type McsdPeople = ReturnType<typeof createMcsdPeople>;

/** Reads people, each with what decides who they are. */
export function createMcsdPeople({ fhir, accepts, clock, isLenient }: Deps) {
  /** Organisations with all those they are parts of, by reference. */
  async function withParents(
    references: readonly FhirReference[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<FhirReference, Organization>> {
    const found = new Map<FhirReference, Organization>();
    let wanted = [...new Set(references)];
    for (let level = 0; level < LEVELS && wanted.length > 0; level += 1) {
      const read = await byId(fhir, 'Organization', wanted, signal);
      for (const organization of read) found.set(referenceTo('Organization', organization.id), organization);
      wanted = [...new Set(read.flatMap((one) => parentOf(one) ?? []))].filter((one) => !found.has(one));
    }
    return found;
  }

  return {
    /** The practitioners with their roles; those out of use are left out, and so are contacts out of use. */
    async candidates(
      practitioners: readonly Practitioner[],
      signal: AbortSignal,
    ): Promise<readonly Candidate[]> {
      const active = practitioners.filter((one) => one.active !== false);
      if (active.length === 0) return [];
      const references = active.map(({ id }) => referenceTo('Practitioner', id));
      const params = [['practitioner', references.join(',')]] as const;
      const roles = await fhir.search('PractitionerRole', params, ROLES, signal);
      const now = clock.now().getTime();
      const held = roles.filter((role) => isHeldAt(role, now)).map((role) => withContactsInUse(role, now));
      const organizations = await withParents(
        held.flatMap((role) => organizationOf(role) ?? []),
        signal,
      );
      return active.map((practitioner) => {
        const reference = referenceTo('Practitioner', practitioner.id);
        const own = held.filter((role) => practitionerOf(role) === reference);
        return {
          reference,
          practitioner: withContactsInUse(practitioner, now),
          roles: own.map((role) => ({ role, organizations: chainOf(organizationOf(role), organizations) })),
        };
      });
    },

    /** Practitioners by reference; those that are not there are left out. */
    practitioners: (references: readonly FhirReference[], signal: AbortSignal) =>
      byId(fhir, 'Practitioner', references, signal),

    /**
     * The Matrix user ids that are believed: those of the roles, or where these have none, the practitioner's own.
     * @param roles which of the candidate's roles count
     */
    async userIds(
      { practitioner }: Candidate,
      roles: readonly HeldRole[],
      signal: AbortSignal,
    ): Promise<readonly MatrixUserId[]> {
      const reading = { at: clock.now().getTime(), isLenient };
      const ofRoles: MatrixUserId[] = [];
      for (const { role, organizations } of roles) {
        ofRoles.push(...(await accepted(accepts, reading, role.telecom, organizations, signal)));
      }
      if (ofRoles.length > 0) return [...new Set(ofRoles)];
      const all = roles.flatMap(({ organizations }) => organizations);
      return accepted(accepts, reading, practitioner.telecom, all, signal);
    },
  };
}

/** The practitioners who hold roles, each once. */
export function holdersOf(roles: readonly PractitionerRole[]): readonly FhirReference[] {
  return [...new Set(roles.flatMap((role) => practitionerOf(role) ?? []))];
}

/** The entries of those who have just one believed address. */
export async function entriesOf(
  people: McsdPeople,
  candidates: readonly Candidate[],
  signal: AbortSignal,
): Promise<readonly DirectoryEntry[]> {
  const entries: DirectoryEntry[] = [];
  for (const candidate of candidates) {
    const [userId, other] = await people.userIds(candidate, candidate.roles, signal);
    if (userId === undefined || other !== undefined) continue;
    const displayName = cleanName(displayNameOf(candidate.practitioner, 'full'));
    const { reference } = candidate;
    entries.push({ userId, displayName, threepids: threepidsOf(candidate), reference });
  }
  return entries;
}

/** All that a practitioner can be found by. */
export function threepidsOf({ practitioner, roles }: Candidate): readonly Threepid[] {
  const all = [
    ...emailsIn(practitioner.telecom ?? []),
    ...numbersIn('uzi_nr', practitioner.identifier),
    ...roles.flatMap(({ role, organizations }) => [
      ...emailsIn(role.telecom ?? []),
      ...uraOf(organizations),
      ...rolesIn([...(role.code ?? []), ...(role.specialty ?? [])]),
    ]),
  ];
  return [...new Map(all.map((threepid) => [`${threepid.medium} ${threepid.address}`, threepid])).values()];
}

/** The number of an organisation, or of the nearest one above it that has one. */
function uraOf(organizations: readonly Organization[]): readonly Threepid[] {
  return (
    organizations
      .map(({ identifier }) => numbersIn('ura_nr', identifier))
      .find((found) => found.length > 0) ?? []
  );
}

/** Resources by reference, in batches. */
async function byId<Type extends 'Practitioner' | 'Organization'>(
  fhir: FhirDirectory,
  resourceType: Type,
  references: readonly FhirReference[],
  signal: AbortSignal,
): Promise<readonly DirectoryResource<Type>[]> {
  const found: DirectoryResource<Type>[] = [];
  for (let start = 0; start < references.length; start += PRACTITIONERS) {
    const ids = references.slice(start, start + PRACTITIONERS).map(idOf);
    const params = [['_id', ids.join(',')]] as const;
    found.push(...(await fhir.search(resourceType, params, ids.length, signal)));
  }
  return found;
}

const parentOf = ({ partOf }: Organization): FhirReference | undefined => {
  const parent = parseReference(partOf?.reference);
  return parent?.resourceType === 'Organization' ? parent.reference : undefined;
};

function chainOf(
  reference: FhirReference | undefined,
  organizations: ReadonlyMap<FhirReference, Organization>,
): readonly Organization[] {
  const chain: Organization[] = [];
  let next = reference;
  while (next !== undefined && chain.length < LEVELS) {
    const organization = organizations.get(next);
    if (organization === undefined || organization.active === false) break;
    chain.push(organization);
    next = parentOf(organization);
  }
  return chain;
}

async function accepted(
  accepts: Accepts,
  reading: TelecomReading,
  telecom: readonly ContactPoint[] | undefined,
  organizations: readonly Organization[],
  signal: AbortSignal,
): Promise<readonly MatrixUserId[]> {
  const asserted = organizations.map((organization): AssertedOrganization => ({
    uras: numbersIn('ura_nr', organization.identifier).map(({ address }) => address),
    homeservers: publishedHomeservers(organization, reading.at),
  }));
  const found: MatrixUserId[] = [];
  for (const userId of matrixAddressesIn(telecom, reading)) {
    if (await accepts(userId, asserted, signal)) found.push(userId);
  }
  return found;
}

/** The homeservers in an organisation's telecom, or in that of its contacts: guides put them in either. */
export function publishedHomeservers(
  { telecom, contact }: Pick<Organization, 'telecom' | 'contact'>,
  at: number,
): readonly string[] {
  return homeserversIn([...(telecom ?? []), ...(contact ?? []).flatMap((one) => one.telecom ?? [])], at);
}

function withContactsInUse<Type extends Practitioner | PractitionerRole>(resource: Type, at: number): Type {
  return { ...resource, telecom: [...contactsInUse(resource.telecom, at)] };
}
