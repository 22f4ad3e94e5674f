// Who is who: FHIR people as members of rooms, and the ghosts that speak for them.
import type { PractitionerRole } from '../../domain/fhir.ts';
import { isPersonType } from '../../domain/fhir.ts';
import type { Dependency, FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { serverNameOf, typeOf } from '../../domain/ids.ts';
import { avatarOf } from '../../mapping/avatars.ts';
import type { DesiredMember } from '../../mapping/desired-room.ts';
import type { WantedPeople } from '../../mapping/fhir-to-matrix/participants.ts';
import { ghostUserId } from '../../mapping/ghosts.ts';
import type { Account, Identity } from '../../mapping/identities.ts';
import { accountOf, identitiesOf, relatedTo, identitiesHoldUntil } from '../../mapping/identities.ts';
import { levelOf } from '../../mapping/member-level.ts';
import { displayNameOf } from '../../mapping/people.ts';
import { earliest } from '../../mapping/periods.ts';
import { userMappingOf } from '../../mapping/user-mapping.ts';
import type { Queryable } from '../../store/database.ts';
import type { KnownPerson, PersonRow } from '../../store/people.ts';
import type { Bridge, BridgeSettings } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { dependentsOf } from './dependents.ts';
import { directoryAccounts } from './directory-accounts.ts';
import type { NamedPeople } from './expand-people.ts';
import { expandPeople } from './expand-people.ts';
import type { GhostWish } from './ghosts.ts';
import { applyGhostChange, ghostChanges } from './ghosts.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { FhirReader, Reading } from './reading.ts';
import { createReading } from './reading.ts';

export type { WantedPeople } from '../../mapping/fhir-to-matrix/participants.ts';

/** People as members of a room. */
export interface ResolvedPeople {
  readonly members: readonly DesiredMember[];
  /** The ghosts among them, as they should look. */
  readonly ghosts: readonly GhostWish[];
  /** Every resource from which this was computed; a change of any may change it. */
  readonly dependencies: ReadonlySet<Dependency>;
  /** The stamps of their versions as read; for `changedMeanwhile`. */
  readonly stamps: ReadonlyMap<FhirReference, string | undefined>;
  /** The operator's words on their accounts as read; for `changedMeanwhile`. */
  readonly words: ReadonlyMap<FhirReference, MatrixUserId | undefined>;
  /** Whose account is not the one that the store has; for `rememberPeople`. */
  readonly moved: readonly PersonRow[];
  /** When next, by the clock alone, a period begins or ends that may change this; undefined for never. */
  readonly until: number | undefined;
}

/** What resolving people needs: a part of the bridge. */
export type ResolvingBridge = Pick<Bridge, 'accountInDirectory' | 'clock' | 'db' | 'log' | 'settings'> & {
  readonly fhir: FhirReader;
  readonly store: { readonly people: Pick<Bridge['store']['people'], 'findPeople'> };
};

interface Resolved {
  readonly identity: Identity;
  readonly account: Account;
  readonly member: DesiredMember;
}

/**
 * The members that references to people, teams and organisations stand for: each person and each account once.
 * Reads only, from FHIR, the store and directories: registers nothing, writes nothing.
 */
export async function resolvePeople(
  bridge: ResolvingBridge,
  wanted: WantedPeople,
  signal: AbortSignal,
): Promise<ResolvedPeople> {
  const { settings, clock, log } = bridge;
  const at = clock.now().getTime();
  const reading = createReading(bridge.fhir, signal);
  const { named, until } = await expandPeople({ reading, at, log }, wanted);
  const identities = await identify({ reading, at }, named);
  const bearers = identities.flatMap(referencesOf);
  const known = await bridge.store.people.findPeople(bridge.db, bearers);
  const hasNone = (identity: Identity): boolean =>
    resolve({ settings, at }, identity, known).account.kind === 'ghost';
  const without = bridge.accountInDirectory === undefined ? [] : identities.filter(hasNone);
  const inDirectory = await directoryAccounts(bridge, without, known, signal);
  const resolved = identities.map((identity) => resolve({ settings, at }, identity, known, inDirectory));
  const members = onePerAccount(resolved);
  const ghosts = new Set(members.filter(({ kind }) => kind === 'ghost').map(({ userId }) => userId));
  const references = new Set([...named.keys(), ...reading.references()]);
  return {
    members,
    dependencies: new Set<Dependency>([...references, ...reading.searches()]),
    stamps: new Map([...references].map((each) => [each, reading.find(each)?.meta.lastUpdated])),
    words: new Map(bearers.map((each) => [each, known.get(each)?.storedUserId])),
    ghosts: resolved
      .filter(({ account }) => ghosts.has(account.userId))
      .map(({ identity }) => ghostWishOf(settings, identity)),
    moved: resolved
      .map(({ identity: { reference }, account }) => ({ reference, ...account }))
      .filter((row) => !isRecorded(row, known.get(row.reference))),
    until: earliest([until, identitiesHoldUntil(identities, at)]),
  };
}

/** Records who is who after people were resolved; the account that somebody had before becomes a former one. */
export async function rememberPeople(
  { db, store }: Pick<Bridge, 'db' | 'store'>,
  { moved }: Pick<ResolvedPeople, 'moved'>,
): Promise<void> {
  if (moved.length > 0) await store.people.savePeople(db, moved);
}

/**
 * What changed between the reading of people and now: to be asked after the room's dependencies were stored, and under
 * their lock, since a change that came in before concerned nobody. @returns the versions, as causes of another convergence,
 * and the people of whose accounts an operator says otherwise by now
 */
export async function changedMeanwhile(
  {
    db,
    store,
    clock,
  }: Pick<Bridge, 'clock'> & {
    readonly db: Queryable;
    readonly store: Pick<Bridge['store'], 'people' | 'resourceVersions'>;
  },
  { stamps, words }: Pick<ResolvedPeople, 'stamps' | 'words'>,
): Promise<readonly string[]> {
  if (stamps.size === 0) return [];
  const newer = await store.resourceVersions.findNewerThan(db, stamps);
  const known = await store.people.findPeople(db, [...words.keys()]);
  const linked = [...words].filter(([reference, word]) => known.get(reference)?.storedUserId !== word);
  return [
    ...newer.map(({ reference, versionId }) => `${reference}/${versionId}`),
    ...linked.map(([reference]) => `${reference} linked ${clock.now().toISOString()}`),
  ];
}

/** The ghost that speaks for a person; also for one with an account of their own, whom the bridge cannot be. */
export async function speakerFor(
  bridge: Bridge,
  reference: FhirReference | undefined,
  signal: AbortSignal,
): Promise<MatrixUserId> {
  if (reference === undefined || !isPersonType(typeOf(reference))) return bridge.settings.bot;
  const person = await speakingPerson(bridge, reference, signal);
  await keepVoice(bridge, person);
  return person.ghost;
}

/** Were it a former account still, the next convergence would remove it from the room; and it has a former one's level. */
async function keepVoice(
  { store, db, transact, enqueue, clock }: Bridge,
  { reference, ghost }: { readonly reference: FhirReference; readonly ghost: MatrixUserId },
): Promise<void> {
  const known = (await store.people.findPeople(db, [reference])).get(reference);
  if (known?.formerUserIds.includes(ghost) !== true) return;
  await transact(async (tx) => {
    const rooms = await dependentsOf(store, tx, [reference]);
    await store.people.forgetFormerAccount(tx, reference, ghost);
    const cause = `${reference} speaks ${clock.now().toISOString()}`;
    await enqueue(
      tx,
      rooms.map((room) => convergeItem(room, cause)),
    );
  });
}

/** A person's ghost as it should look; the person is read for it. */
export async function wishFor(
  { clock, settings }: Pick<Bridge, 'clock' | 'settings'>,
  reference: FhirReference,
  reading: Reading,
): Promise<GhostWish> {
  const at = clock.now().getTime();
  const [identity] = await identify({ reading, at }, new Map([[reference, []]]));
  if (identity === undefined) throw new TypeError('A reference stands for one person');
  return ghostWishOf(settings, identity);
}

/** A ghost that is there is not looked at again; but whose role a PractitionerRole is, only FHIR says. */
async function speakingPerson(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<{ reference: FhirReference; ghost: MatrixUserId }> {
  const own = ghostOf(bridge.settings, reference);
  const isRole = typeOf(reference) === 'PractitionerRole';
  const isThere = !isRole && (await bridge.store.ghosts.findGhosts(bridge.db, [own])).has(own);
  if (isThere) return { reference, ghost: own };
  const wish = await wishFor(bridge, reference, createReading(bridge.fhir, signal));
  for (const change of await ghostChanges(bridge, [wish])) await applyGhostChange(bridge, change, signal);
  return { reference: wish.reference, ghost: wish.userId };
}

/** Reads the people, and then their roles' holders and organisations. */
async function identify(
  { reading, at }: { reading: Reading; at: number },
  named: NamedPeople,
): Promise<readonly Identity[]> {
  const references = [...named.keys()];
  await reading.read(references);
  const roles = references
    .map(reading.find)
    .filter((resource): resource is PractitionerRole & typeof resource => isRole(resource));
  await reading.read(roles.flatMap(relatedTo));
  return identitiesOf(named, reading.find, at);
}

function resolve(
  { settings, at }: { settings: BridgeSettings; at: number },
  identity: Identity,
  known: ReadonlyMap<FhirReference, KnownPerson>,
  inDirectory: ReadonlyMap<FhirReference, MatrixUserId> = new Map(),
): Resolved {
  const { reference, resource, concepts } = identity;
  const ghost = ghostOf(settings, reference);
  const account = accountOf(identity, {
    ...{ at, ghost },
    isOwn: (address) => isOwnUser(settings, address),
    isBelieved: (address) => settings.trustedServers.has(serverNameOf(address)),
    storedFor: (each) => known.get(each)?.storedUserId,
    inDirectory: inDirectory.get(reference),
  });
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
    level: levelOf(resource.resourceType, concepts, settings.levels),
    formerUserIds: [...former].sort(),
    ...(account.kind === 'user' && { voice: ghost }),
    ...(account.kind === 'ghost' && { userMapping: userMappingOf(identity, settings.userMappings, at) }),
  };
  return { identity, account, member };
}

/** Two resources with one account are one member, with the higher level: a Practitioner who is also a relative. */
function onePerAccount(resolved: readonly Resolved[]): readonly DesiredMember[] {
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

function ghostWishOf(settings: BridgeSettings, { reference, resource, roles, isRead }: Identity): GhostWish {
  const organization = roles[0]?.organization;
  return {
    userId: ghostOf(settings, reference),
    reference,
    isGuess: !isRead,
    displayName: displayNameOf(resource, settings.namePolicy, { organization }),
    avatar: avatarOf(resource, settings),
  };
}

function ghostOf(settings: BridgeSettings, reference: FhirReference): MatrixUserId {
  const { pseudonymizationKey, ghostPrefix, serverName } = settings;
  return ghostUserId(reference, { key: pseudonymizationKey, prefix: ghostPrefix, serverName });
}

function referencesOf({ reference, roles }: Identity): readonly FhirReference[] {
  const ofRoles = roles.map(({ role }) => `PractitionerRole/${role.id ?? ''}` as FhirReference);
  return [...new Set([reference, ...ofRoles])];
}

function isRecorded({ userId, kind, source }: PersonRow, known: KnownPerson | undefined): boolean {
  return known?.userId === userId && known.kind === kind && known.source === source;
}

function isRole(resource: { readonly resourceType: string } | undefined): resource is PractitionerRole {
  return resource?.resourceType === 'PractitionerRole';
}
