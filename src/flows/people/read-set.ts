// What is read from the FHIR server at one moment: each resource once, many at a time, with notes of what was looked at.
import type { CareTeam, PractitionerRole } from '../../domain/fhir.ts';
import type { Dependency, FhirReference } from '../../domain/ids.ts';
import { isStaffOf, parseReference, referenceTo, staffOf } from '../../domain/ids.ts';
import type { FhirServer, StoredResource } from '../../fhir/server.ts';

/** The interactions that reading needs. */
export type FhirReader = Pick<FhirServer, 'readMany' | 'search' | 'searchAll'>;

/** All that a search found, or as many as were asked for. */
interface Found {
  readonly resources: readonly StoredResource[];
  readonly complete: boolean;
}

/** Resources as of one moment, and the notes of one computation that looks at them. */
export interface ReadSet {
  /** Reads what has not been read yet, and notes it all. */
  readonly read: (references: readonly FhirReference[]) => Promise<void>;
  /** A resource that was read; undefined for one that there is none of. */
  readonly find: (reference: FhirReference) => StoredResource | undefined;
  /** The care teams about a person, a hundred at most. Those by which something is decided are to be noted. */
  readonly teamsOf: (subject: FhirReference) => Promise<readonly StoredResource<CareTeam>[]>;
  /** Reads the care teams about many people with one search. */
  readonly readTeamsOf: (subjects: readonly FhirReference[]) => Promise<void>;
  /** The roles of a practitioner, a hundred at most; noted. */
  readonly rolesOf: (practitioner: FhirReference) => Promise<readonly StoredResource<PractitionerRole>[]>;
  /** The roles held in organisations, noted with the search itself. */
  readonly rolesIn: (organizations: readonly FhirReference[], limit: number) => Promise<Found>;
  readonly note: (dependency: Dependency) => void;
  /** All that was noted, whether there is such a resource or not. */
  readonly dependencies: () => ReadonlySet<Dependency>;
  /** The stamps of the versions of what was noted, as read. */
  readonly stamps: () => ReadonlyMap<FhirReference, string | undefined>;
  /** The same resources for another computation, with notes of its own. */
  readonly share: () => ReadSet;
}

/** What several computations share; requests under way are kept, so that none is made twice. */
interface Shared {
  readonly fhir: FhirReader;
  readonly signal: AbortSignal;
  readonly found: Map<FhirReference, StoredResource>;
  readonly asked: Map<FhirReference, Promise<unknown>>;
  readonly teams: Map<FhirReference, Promise<readonly StoredResource[]>>;
  readonly roles: Map<string, Promise<Found>>;
}

/** The most care teams of one person that are looked at. */
const TEAMS_PER_SUBJECT = 100;
/** The most roles of one practitioner that are looked at. */
const ROLES_PER_PRACTITIONER = 100;
/** The most that one search for the teams of many is asked for. */
const TEAMS_AT_ONCE = 1000;

/** Begins reading. */
export function createReadSet(fhir: FhirReader, signal: AbortSignal): ReadSet {
  return readSetOn({
    ...{ fhir, signal, found: new Map(), asked: new Map(), teams: new Map(), roles: new Map() },
  });
}

function readSetOn(shared: Shared): ReadSet {
  const { fhir, signal, found, teams, roles } = shared;
  const notes = new Set<Dependency>();
  const note = (dependency: Dependency): void => void notes.add(dependency);
  return {
    note,
    find: (reference) => found.get(reference),
    read: async (references) => {
      await readMissing(shared, references);
      references.forEach(note);
    },
    teamsOf: async (subject) => {
      const search = () => fhir.search('CareTeam', [['subject', subject]], TEAMS_PER_SUBJECT, signal);
      const resources = await once(teams, subject, async () => keep(shared, (await search()).resources));
      return resources.filter(isTeam);
    },
    readTeamsOf: async (subjects) => {
      if (subjects.length === 0) return;
      const query = [['subject', [...new Set(subjects)].join(',')]] as const;
      const page = await fhir.search('CareTeam', query, TEAMS_AT_ONCE, signal);
      // A full page may be cut off: then each computation asks for itself.
      if (page.resources.length >= TEAMS_AT_ONCE) return;
      const found = keep(shared, page.resources).filter(isTeam);
      for (const subject of subjects) teams.set(subject, Promise.resolve(found.filter(isAbout(subject))));
    },
    rolesOf: async (practitioner) => {
      const query = [['practitioner', practitioner]] as const;
      const search = () => fhir.searchAll('PractitionerRole', query, ROLES_PER_PRACTITIONER, signal);
      const { resources } = await once(roles, practitioner, search);
      const found = keep(shared, resources).filter(isRole);
      found.map(referenceOf).forEach(note);
      return found;
    },
    rolesIn: async (organizations, limit) => {
      const query = [['organization', organizations.join(',')]] as const;
      const search = () => fhir.searchAll('PractitionerRole', query, limit, signal);
      const result = await once(roles, `${organizations.join(',')} ${limit}`, search);
      keep(shared, result.resources).map(referenceOf).forEach(note);
      organizations.map(staffOf).forEach(note);
      return result;
    },
    dependencies: () => notes,
    stamps: () => {
      const references = [...notes].filter((each): each is FhirReference => !isStaffOf(each));
      return new Map(references.map((each) => [each, found.get(each)?.meta.lastUpdated]));
    },
    share: () => readSetOn(shared),
  };
}

async function readMissing(shared: Shared, references: readonly FhirReference[]): Promise<void> {
  const { fhir, signal, found, asked } = shared;
  const isMissing = (each: FhirReference): boolean => !asked.has(each) && !found.has(each);
  const missing = [...new Set(references)].filter(isMissing);
  if (missing.length > 0) {
    const reading = fhir.readMany(missing, signal).then((all) => keep(shared, [...all.values()]));
    for (const reference of missing) void once(asked, reference, () => reading);
  }
  await Promise.all(references.flatMap((reference) => asked.get(reference) ?? []));
}

/** One request for each key. A failed one is made again by who comes later. */
function once<Key, Value>(
  requests: Map<Key, Promise<Value>>,
  key: Key,
  request: () => Promise<Value>,
): Promise<Value> {
  const known = requests.get(key);
  if (known !== undefined) return known;
  const made = request();
  requests.set(key, made);
  made.catch(() => requests.delete(key));
  return made;
}

/** What was read first stays: all computations see one moment. */
function keep({ found }: Shared, resources: readonly StoredResource[]): readonly StoredResource[] {
  return resources.map((resource) => {
    const known = found.get(referenceOf(resource)) ?? resource;
    found.set(referenceOf(resource), known);
    return known;
  });
}

function referenceOf({ resourceType, id }: StoredResource): FhirReference {
  return referenceTo(resourceType, id);
}

function isTeam(resource: StoredResource): resource is StoredResource<CareTeam> {
  return resource.resourceType === 'CareTeam';
}

function isRole(resource: StoredResource): resource is StoredResource<PractitionerRole> {
  return resource.resourceType === 'PractitionerRole';
}

const isAbout =
  (subject: FhirReference) =>
  (team: CareTeam): boolean =>
    parseReference(team.subject?.reference)?.reference === subject;
