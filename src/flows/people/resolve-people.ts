// People, teams and organisations that FHIR names → the members of a room, and the ghosts among them.
import type { CareTeam } from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { DesiredMember } from '../../mapping/desired-room.ts';
import type { WantedPeople } from '../../mapping/fhir-to-matrix/participants.ts';
import { teamRolesOf } from '../../mapping/fhir-to-matrix/team-roles.ts';
import { identitiesHoldUntil, type Identity } from '../../mapping/identities.ts';
import { levelOf } from '../../mapping/member-level.ts';
import { nameOfProfessional } from '../../mapping/people.ts';
import { earliest } from '../../mapping/periods.ts';
import { userMappingOf } from '../../mapping/user-mapping.ts';
import type { KnownPerson, PersonRow } from '../../store/people.ts';
import type { Bridge } from '../bridge.ts';
import { refusedClaims, type Claiming } from './account-claims.ts';
import { accountIn, claimIn, type AccountSources } from './account-of.ts';
import { ghostIdOf, ghostOf, readIdentities, successorsOf, type DesiredGhost } from './desired-ghost.ts';
import { directoryAccounts } from './directory-accounts.ts';
import { expandPeople } from './expand-people.ts';
import type { ReadSet } from './read-set.ts';

/** People as members of a room. */
export interface ResolvedPeople {
  readonly members: readonly DesiredMember[];
  /** The ghosts among them. */
  readonly ghosts: readonly DesiredGhost[];
  /** The names of the professionals among them, the most powerful first. */
  readonly professionals: readonly string[];
  /** The operator's overrides of their accounts as read; for `changedMeanwhile`. */
  readonly overrides: ReadonlyMap<FhirReference, MatrixUserId | undefined>;
  /** Whose account is not the one that the store has; for `rememberPeople`. */
  readonly moved: readonly PersonRow[];
  /** When next, by the clock alone, a period begins or ends that may change this; undefined for never. */
  readonly until: number | undefined;
}

/** People of a room, with the team whose roles give power in it. */
interface TeamPeople extends WantedPeople {
  readonly team?: CareTeam | undefined;
  /** Those of these people who are left out, though they are named. */
  readonly leftOut?: (people: readonly FhirReference[]) => Promise<ReadonlySet<FhirReference>>;
}

/**
 * The members that references to people, teams and organisations stand for: each person and each account once.
 * Reads only, from FHIR, the store and directories: registers nothing, writes nothing.
 */
export async function resolvePeople(
  bridge: Claiming,
  reads: ReadSet,
  wanted: TeamPeople,
  signal: AbortSignal,
): Promise<ResolvedPeople> {
  const { settings, clock, log } = bridge;
  const at = clock.now().getTime();
  const { named, until } = await expandPeople({ reads, at, log, settings }, wanted);
  const leftOut = (await wanted.leftOut?.([...named.keys()])) ?? new Set();
  const present = new Map([...named].filter(([reference]) => !leftOut.has(reference)));
  const identities = await readIdentities(reads, present, at);
  const bearers = identities.flatMap(referencesOf);
  const known = await bridge.store.people.findPeople(bridge.db, bearers);
  const claims = identities.flatMap((identity) => {
    const userId = claimIn(settings, at, identity);
    return userId === undefined ? [] : [{ identity, userId }];
  });
  const claimed = new Map(claims.map(({ identity: { reference }, userId }) => [reference, userId]));
  const refused = await refusedClaims(bridge, reads, claims, signal);
  const { isForbidden } = reads;
  const successors = await successorsOf(
    bridge,
    identities.map(({ reference }) => reference),
  );
  const believed = { settings, at, known, refused, isForbidden, successors, inDirectory: new Map() };
  const hasNone = (identity: Identity): boolean => accountIn(believed, identity).kind === 'ghost';
  const without = bridge.accountInDirectory === undefined ? [] : identities.filter(hasNone);
  const inDirectory = await directoryAccounts(bridge, without, known, signal);
  const resolved = identities.map((identity) => resolve({ ...believed, inDirectory }, identity, wanted.team));
  const members = onePerAccount(resolved);
  const ghosts = new Set(members.filter(({ kind }) => kind === 'ghost').map(({ userId }) => userId));
  return {
    members,
    professionals: professionalsAmong(resolved),
    overrides: new Map(bearers.map((each) => [each, known.get(each)?.storedUserId])),
    ghosts: resolved
      .filter(({ account }) => ghosts.has(account.userId))
      .map(({ identity, ghost }) => ghostOf(settings, identity, ghost)),
    moved: resolved
      .map(({ identity: { reference }, account }) => ({
        ...{ reference, ...account },
        claimedUserId: isForbidden(reference) ? known.get(reference)?.claimedUserId : claimed.get(reference),
      }))
      .filter((row) => !isRecorded(row, known.get(row.reference))),
    until: earliest([until, identitiesHoldUntil(identities, at), ...resolved.map((each) => each.until)]),
  };
}

/** Records who is who after people were resolved; the account that a person had before becomes a former one. */
export async function rememberPeople(
  { db, store }: Pick<Bridge, 'db' | 'store'>,
  { moved }: Pick<ResolvedPeople, 'moved'>,
): Promise<void> {
  if (moved.length > 0) await store.people.savePeople(db, moved);
}

function resolve(sources: AccountSources, identity: Identity, team: CareTeam | undefined) {
  const { settings, at, known, successors } = sources;
  const { reference, resource, concepts: elsewhere } = identity;
  const { roles: inTeam, until } = teamRolesOf(team, referencesOf(identity), at);
  const ghost = successors.get(reference) ?? ghostIdOf(settings, reference);
  const account = accountIn(sources, identity);
  const before = known.get(reference);
  const former = new Set([
    ...(before === undefined ? [] : [...before.formerUserIds, before.userId]),
    ...referencesOf(identity).flatMap((each) => known.get(each)?.formerUserIds ?? []),
  ]);
  former.delete(account.userId);
  const member: DesiredMember = {
    reference,
    userId: account.userId,
    kind: account.kind,
    level: levelOf(resource.resourceType, { inTeam, elsewhere }, settings.levels),
    formerUserIds: [...former].sort(),
    ...(account.kind === 'user' && { relayGhost: ghost }),
    ...(account.kind === 'ghost' && { userMapping: userMappingOf(identity, settings.userMappings, at) }),
  };
  return { identity, account, ghost, member, until };
}

/** Two resources with one account are one member, with the higher level: a Practitioner who is also a relative. */
function onePerAccount(resolved: readonly { readonly member: DesiredMember }[]): readonly DesiredMember[] {
  const members = new Map<MatrixUserId, DesiredMember>();
  for (const { member } of resolved) {
    const known = members.get(member.userId);
    const [first, second] =
      known !== undefined && known.level >= member.level ? [known, member] : [member, known];
    const former = new Set([...first.formerUserIds, ...(second?.formerUserIds ?? [])]);
    members.set(member.userId, { ...first, formerUserIds: [...former].sort() });
  }
  return [...members.values()];
}

/** Each name once; of those with the same level in alphabetical order. */
function professionalsAmong(
  resolved: readonly { readonly identity: Identity; readonly member: DesiredMember }[],
): readonly string[] {
  const named = resolved.flatMap(({ identity: { resource, roles }, member: { level } }) => {
    if (resource.resourceType !== 'Practitioner' && resource.resourceType !== 'PractitionerRole') return [];
    const name = nameOfProfessional(resource, { organization: roles[0]?.organization });
    return name === undefined ? [] : [{ name, level }];
  });
  const inOrder = named.toSorted((a, b) => b.level - a.level || (a.name < b.name ? -1 : 1));
  return [...new Set(inOrder.map(({ name }) => name))];
}

function referencesOf({ reference, roles }: Identity): readonly FhirReference[] {
  const ofRoles = roles.map(({ role }) => `PractitionerRole/${role.id ?? ''}` as FhirReference);
  return [...new Set([reference, ...ofRoles])];
}

function isRecorded(row: PersonRow, known: KnownPerson | undefined): boolean {
  const { userId, kind, source, claimedUserId } = row;
  return (
    known?.userId === userId &&
    known.kind === kind &&
    known.source === source &&
    known.claimedUserId === claimedUserId
  );
}
