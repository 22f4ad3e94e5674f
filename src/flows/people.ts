// Who is who: FHIR people as members of rooms, and the ghosts that speak for them.
import type { Person } from '../domain/fhir.ts';
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import { idOf, serverNameOf, typeOf } from '../domain/ids.ts';
import type { DesiredMember } from '../mapping/desired-room.ts';
import { participantsOf } from '../mapping/fhir-to-matrix/participants.ts';
import { ghostUserId } from '../mapping/ghosts.ts';
import { displayNameOf, matrixAddressOf, powerLevelOf } from '../mapping/people.ts';
import type { Bridge } from './bridge.ts';

/** How deep teams may stand within teams before the bridge stops looking. */
const DEEPEST_TEAM = 5;

/**
 * The members that references to people and teams stand for; each person once, though several references or
 * teams name them. Ghosts are registered on the way.
 */
export async function membersOf(
  bridge: Bridge,
  { people, careTeams }: { people: readonly FhirReference[]; careTeams: readonly FhirReference[] },
  signal: AbortSignal,
): Promise<readonly DesiredMember[]> {
  const references = new Set([...people, ...(await peopleInTeams(bridge, careTeams, signal))]);
  const members = new Map<MatrixUserId, DesiredMember>();
  for (const reference of references) {
    const member = await memberFor(bridge, reference, signal);
    const known = members.get(member.userId);
    if (known === undefined || known.level < member.level) members.set(member.userId, member);
  }
  return [...members.values()];
}

/** The ghost that speaks for a person; also for one with an account of their own, whom the bridge cannot be. */
export async function speakerFor(
  bridge: Bridge,
  reference: FhirReference | undefined,
  signal: AbortSignal,
): Promise<MatrixUserId> {
  if (reference === undefined || !isPersonType(typeOf(reference))) return bridge.settings.bot;
  const userId = ghostOf(bridge, reference);
  if ((await bridge.store.people.findGhost(bridge.db, userId)) !== undefined) return userId;
  const person = await readPerson(bridge, reference, signal);
  await ensureGhost(bridge, userId, displayNameOf(person, bridge.settings.namePolicy), signal);
  return userId;
}

async function memberFor(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<DesiredMember> {
  const person = await readPerson(bridge, reference, signal);
  const displayName = displayNameOf(person, bridge.settings.namePolicy);
  const address = matrixAddressOf(person);
  const own = address !== undefined && bridge.settings.trustedServers.has(serverNameOf(address));
  const userId = own ? address : ghostOf(bridge, reference);
  if (!own) await ensureGhost(bridge, userId, displayName, signal);
  const kind = own ? 'user' : 'ghost';
  await bridge.store.people.savePerson(bridge.db, { reference, userId, kind });
  return { reference, userId, kind, displayName, level: powerLevelOf(person) };
}

async function peopleInTeams(
  bridge: Bridge,
  careTeams: readonly FhirReference[],
  signal: AbortSignal,
  seen: ReadonlySet<FhirReference> = new Set(),
): Promise<readonly FhirReference[]> {
  const found: FhirReference[] = [];
  for (const reference of careTeams) {
    if (seen.has(reference) || seen.size >= DEEPEST_TEAM) continue;
    const careTeam = await bridge.fhir.read(reference, signal);
    if (careTeam?.resourceType !== 'CareTeam') continue;
    const { people, careTeams: nested } = participantsOf(careTeam, bridge.clock.now().getTime());
    found.push(...people, ...(await peopleInTeams(bridge, nested, signal, new Set([...seen, reference]))));
  }
  return found;
}

/** A person's resource; one that cannot be read is taken for a nameless one of its type. */
async function readPerson(bridge: Bridge, reference: FhirReference, signal: AbortSignal): Promise<Person> {
  const resource = await bridge.fhir.read(reference, signal);
  if (resource !== undefined && isPerson(resource)) return resource;
  return { resourceType: typeOf(reference), id: idOf(reference) } as Person;
}

async function ensureGhost(
  bridge: Bridge,
  userId: MatrixUserId,
  displayName: string,
  signal: AbortSignal,
): Promise<void> {
  const ghost = await bridge.store.people.findGhost(bridge.db, userId);
  if (ghost?.displayName === displayName) return;
  if (ghost === undefined) await bridge.homeserver.registerGhost(userId, signal);
  await bridge.homeserver.setDisplayName(userId, displayName, signal);
  await bridge.store.people.saveGhost(bridge.db, userId, displayName);
}

function ghostOf({ settings }: Bridge, reference: FhirReference): MatrixUserId {
  const { pseudonymizationKey, ghostPrefix, serverName } = settings;
  return ghostUserId(reference, { key: pseudonymizationKey, prefix: ghostPrefix, serverName });
}

function isPersonType(resourceType: string): resourceType is Person['resourceType'] {
  return ['Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson', 'Organization'].includes(
    resourceType,
  );
}

function isPerson(resource: { resourceType: string }): resource is Person {
  return isPersonType(resource.resourceType);
}
