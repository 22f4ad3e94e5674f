// What came in becomes inbox items: from the homeserver, and by passes over the FHIR server.
import type { ClientBase } from 'pg';
import {
  isPerson,
  isPersonType,
  versionKeyOf,
  versionOf,
  type FollowedType,
  type Person,
  type ResourceVersion,
  type WatchedType,
} from '../domain/fhir.ts';
import type { Dependency, FhirReference, MatrixUserId } from '../domain/ids.ts';
import { dependencyKeysOf, practitionerOf } from '../mapping/identities.ts';
import { matrixAddressesIn } from '../mapping/matrix-address.ts';
import type { Malformed } from '../fhir/pager.ts';
import type { StoredResource } from '../fhir/server.ts';
import type { NewItem } from '../inbox/item.ts';
import type { findBusyLanes, knownSourceIds } from '../inbox/known-items.ts';
import type { Store } from '../store/tables.ts';
import type { Bridge, BridgeSettings } from './bridge.ts';
import { foreignIn, withoutForeign, type Foreign } from './foreign-communications.ts';
import { changeItem } from './items/fhir-change.ts';
import { threadReportItems } from './items/read-report.ts';
import { setAsideItem } from './items/set-aside.ts';
import { makeEach, storableItems, versionIdOf } from './make-each.ts';
import { fhirReader } from './reader-names.ts';
import { takeInReports } from './read-state/take-in.ts';
import { createMatrixIntake, type MatrixIntakeSettings } from './take-in-matrix.ts';

interface Deps extends Pick<Bridge, 'clock' | 'db' | 'enqueue' | 'store' | 'thread' | 'transact'> {
  readonly settings: MatrixIntakeSettings & Pick<BridgeSettings, 'reportFailures'>;
  readonly knownSourceIds: typeof knownSourceIds;
  readonly findBusyLanes: typeof findBusyLanes;
  /** Wakes the reader of the homeserver when the transaction commits. */
  readonly wakeMatrixReader: (tx: ClientBase) => Promise<void>;
}

/** Creates the intake; each of its functions is one commit. */
export function createIntake(deps: Deps) {
  return { ...createMatrixIntake(deps), ...takeInFhir(deps) };
}

function takeInFhir(deps: Deps) {
  const { transact, enqueue: store } = deps;
  const { cursors, resourceVersions, roomMembers } = deps.store;
  return {
    /**
     * Stores a page of changed resources. Of people, all are entered in the ledger, but only those concern the bridge on
     * whom a room depends, whose account it knows, or who name an account that it knows.
     * @returns how many versions were new
     */
    pulled: async (resourceType: FollowedType, resources: readonly StoredResource[]): Promise<number> =>
      transact(async (tx) => {
        if (isPersonType(resourceType)) await roomMembers.lockDependencies(tx, 'asking');
        const read = makeEach('fhir.change', resources, versionIdOf, (resource) => changeIn(deps, resource));
        const fresh = await resourceVersions.recordRead(
          tx,
          read.made.map(({ version }) => version),
        );
        const isFresh = new Set(fresh.map(versionKeyOf));
        const changed = read.made.filter((change) => isFresh.has(versionKeyOf(change.version)));
        const concerning = isPersonType(resourceType)
          ? await thoseOfConcern(deps.store, tx, changed)
          : await withoutForeign(deps.store, tx, changed);
        const items = concerning.flatMap((change) => change.items);
        await store(tx, storableItems([...items, ...read.setAside]));
        return fresh.length;
      }),

    /** Stores what a page of Tasks or AuditEvents says of who has read what. @returns how many versions were new */
    pulledReports: async (resources: readonly StoredResource[]): Promise<number> =>
      transact(async (tx) => {
        const { fresh, items } = await takeInReports(deps, tx, resources);
        await store(tx, storableItems(items));
        return fresh;
      }),

    /** Sets aside what stands in the place of resources. @param place where those without an id stand */
    pulledMalformed: async (
      resourceType: WatchedType,
      malformed: readonly Malformed[],
      place: string,
    ): Promise<void> => {
      const items = malformed.map(({ id = place }) =>
        setAsideItem('fhir.change', { id: `${resourceType} ${id}`, reason: 'malformed' }),
      );
      await transact(async (tx) => {
        await store(tx, items);
      });
    },

    /** Enters a page in the ledger alone. @returns how many versions were new */
    pulledAsKnown: async (resources: readonly StoredResource[]): Promise<number> =>
      transact(async (tx) => (await resourceVersions.recordRead(tx, resources.map(versionOf))).length),

    /** Moves a FHIR reader's cursor and forgets what no pass can show again. */
    pulledUpTo: async (
      resourceType: WatchedType,
      cursor: string,
      forgetBefore: string | undefined,
    ): Promise<void> => {
      const reader = fhirReader(resourceType);
      if (forgetBefore === undefined) return cursors.saveCursor(deps.db, reader, cursor);
      await transact(async (tx) => {
        await cursors.saveCursor(tx, reader, cursor);
        await forgetVersions(deps, tx, resourceType, forgetBefore);
      });
    },
  };
}

export type Intake = ReturnType<typeof createIntake>;

function mayConcern({ concerns }: Pick<Bridge['thread'], 'concerns'>, resource: StoredResource): boolean {
  return resource.resourceType !== 'Communication' || concerns(resource);
}

/** A version that a reader has read. */
interface Change {
  readonly version: ResourceVersion;
  /** That it changed, and what it says of who has read it. */
  readonly items: readonly NewItem[];
  /** What rooms may depend on. */
  readonly keys: readonly Dependency[];
  /** Whose account may be another now. */
  readonly people: readonly FhirReference[];
  /** Where it may be another application's. */
  readonly foreign: Foreign | undefined;
  /** The addresses that it names. */
  readonly addresses: readonly MatrixUserId[];
}

/** @throws whatever a resource that is not what its type says makes the mapping throw */
function changeIn(
  { clock, settings, thread }: Pick<Deps, 'clock' | 'settings' | 'thread'>,
  resource: StoredResource,
): Change {
  const { readState } = settings.readState.engine === 'off' ? { readState: undefined } : thread;
  const items = [
    changeItem(resource, thread),
    ...(readState === undefined ? [] : threadReportItems([resource], readState)),
  ];
  return {
    version: versionOf(resource),
    foreign: foreignIn({ thread, settings }, resource),
    items: mayConcern(thread, resource) ? items : [],
    ...(isPerson(resource)
      ? {
          keys: dependencyKeysOf(resource),
          people: peopleOf(resource),
          addresses: matrixAddressesIn(resource.telecom, { at: clock.now().getTime(), isLenient: true }),
        }
      : { keys: [], people: [], addresses: [] }),
  };
}

/** The reader of Communications also brings conversations where their headers are Communications. */
async function forgetVersions(
  { store, thread: { header } }: Pick<Bridge, 'store' | 'thread'>,
  tx: ClientBase,
  resourceType: WatchedType,
  before: string,
): Promise<void> {
  const { forgetVersionsBefore } = store.resourceVersions;
  await forgetVersionsBefore(tx, resourceType, before);
  if (resourceType === 'Communication' && header !== undefined)
    await forgetVersionsBefore(tx, 'CommunicationRequest', before);
}

/** A role may give its holder an account. */
function peopleOf(resource: StoredResource<Person>): readonly FhirReference[] {
  const holder = resource.resourceType === 'PractitionerRole' ? practitionerOf(resource) : undefined;
  return [versionOf(resource).reference, ...(holder === undefined ? [] : [holder])];
}

/**
 * Those of the people, roles and organisations on whom some room depends, by themselves or as staff; and those whose account is
 * known, or who name one that is, so that what is stored of it goes on being true.
 */
async function thoseOfConcern(
  { roomMembers, people }: Pick<Store, 'people' | 'roomMembers'>,
  tx: ClientBase,
  changes: readonly Change[],
): Promise<readonly Change[]> {
  const allOf = <Each>(of: (change: Change) => readonly Each[]): Each[] => [...new Set(changes.flatMap(of))];
  const dependedOn = await roomMembers.findDependedOn(
    tx,
    allOf(({ keys }) => keys),
  );
  const recorded = await people.findRecorded(
    tx,
    allOf((change) => change.people),
  );
  const accounts = await people.findKnownAccounts(
    tx,
    allOf(({ addresses }) => addresses),
  );
  return changes.filter(
    ({ keys, people: concerned, addresses }) =>
      keys.some((key) => dependedOn.has(key)) ||
      concerned.some((each) => recorded.has(each)) ||
      addresses.some((address) => accounts.has(address)),
  );
}
