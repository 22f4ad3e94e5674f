// What came in becomes inbox items: pushed transactions, passes over `/sync`, passes over the FHIR server.
import type { ClientBase } from 'pg';
import {
  isPerson,
  isPersonType,
  versionOf,
  type FollowedType,
  type Person,
  type ResourceVersion,
  type WatchedType,
} from '../domain/fhir.ts';
import type { Dependency, EventId, FhirReference, MatrixUserId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { dependencyKeysOf, practitionerOf } from '../mapping/identities.ts';
import { matrixAddressesIn } from '../mapping/matrix-address.ts';
import type { Malformed } from '../fhir/pager.ts';
import type { StoredResource } from '../fhir/server.ts';
import type { SyncResult } from '../matrix/sync-reader.ts';
import type { SetAside, TransactionParts } from '../matrix/transactions.ts';
import type { NewItem } from '../inbox/item.ts';
import type { knownSourceIds } from '../inbox/known-items.ts';
import type { Store } from '../store/tables.ts';
import type { Bridge } from './bridge.ts';
import { ephemeralItem } from './items/ephemeral.ts';
import { EVENT_SOURCE, eventItem } from './items/event.ts';
import { changeItem } from './items/fhir-change.ts';
import { threadReportItems } from './items/read-report.ts';
import { invitationItem } from './items/invitation.ts';
import { setAsideItem } from './items/set-aside.ts';
import { toDeviceItem } from './items/to-device.ts';
import { makeEach, storableItems, versionIdOf } from './make-each.ts';
import { takeInReceipts, takeInReports, type ReceiptSettings } from './read-state/take-in.ts';

interface Deps extends Pick<Bridge, 'clock' | 'enqueue' | 'store' | 'thread' | 'transact'> {
  readonly settings: ReceiptSettings;
  readonly knownSourceIds: typeof knownSourceIds;
  /** Wakes the reader of the homeserver when the transaction commits. */
  readonly wakeMatrixReader: (tx: ClientBase) => Promise<void>;
}

/** The name of the homeserver's reader in the table of cursors. */
export const MATRIX_READER = 'matrix';

/** The name of a FHIR reader in the table of cursors. */
export function fhirReader(resourceType: WatchedType): string {
  return `fhir:${resourceType}`;
}

/** How long an event of a room the bot is in waits for `/sync` to show it. */
const ARRIVAL_PATIENCE_SECONDS = 10;

/** Creates the intake; each of its functions is one commit. */
export function createIntake(deps: Deps) {
  return { ...takeInMatrix(deps), ...takeInFhir(deps) };
}

function takeInMatrix(deps: Deps) {
  const { transact, enqueue: store, knownSourceIds, wakeMatrixReader } = deps;
  const { arrivals, cursors } = deps.store;
  return {
    /**
     * Stores a pushed transaction: events as arrivals, for the reader to order; the rest as items, but for receipts, which the
     * reader finds itself: push loses them, and shows them before what they refer to.
     */
    pushed: async ({ events, setAside, ephemeral, toDevice }: TransactionParts): Promise<void> => {
      await transact(async (tx) => {
        // What the reader has brought already would wait in vain for it to come again.
        const known = await knownSourceIds(tx, EVENT_SOURCE, events.map(eventIdOf));
        const fresh = events.filter((event) => !known.has(event.event_id));
        if (fresh.length > 0) await arrivals.saveArrivals(tx, fresh);
        const others = ephemeral.filter(({ content }) => content['type'] !== 'm.receipt');
        const items = [...others.map(ephemeralItem), ...toDevice.map(toDeviceItem)];
        await store(tx, [...storableItems(items), ...setAside.map(eventSetAside)]);
        await wakeMatrixReader(tx);
      });
    },

    /** Stores what a pass over `/sync` found, and what only push has brought. @returns how many were new */
    synced: async (found: SyncResult): Promise<number> =>
      transact(async (tx) => {
        const { events, setAside, invitations, toDevice, position, arrivalsUpTo } = found;
        await arrivals.removeArrivals(tx, events.map(eventIdOf));
        const pushedOnly = await arrivals.takeUnreadArrivals(tx, arrivalsUpTo, ARRIVAL_PATIENCE_SECONDS);
        const items = [
          ...(await takeInReceipts(deps, tx, found.receipts, position)),
          ...[...events, ...pushedOnly].map(eventItem),
          ...invitations.map((invitation) => invitationItem(invitation, position)),
          ...toDevice.map(toDeviceItem),
          ...setAside.map(eventSetAside),
        ];
        const { stored } = await store(tx, storableItems(items));
        await cursors.saveCursor(tx, MATRIX_READER, position);
        return stored;
      }),
  };
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
        const isFresh = new Set(fresh.map(versionKey));
        const changed = read.made.filter((change) => isFresh.has(versionKey(change.version)));
        const concerning = isPersonType(resourceType)
          ? await thoseOfConcern(deps.store, tx, changed)
          : changed;
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

    /** Moves a FHIR reader's cursor and forgets what its overlap cannot show again. */
    pulledUpTo: async (resourceType: WatchedType, cursor: string, forgetBefore: string): Promise<void> => {
      await transact(async (tx) => {
        await cursors.saveCursor(tx, fhirReader(resourceType), cursor);
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

const eventIdOf = ({ event_id }: MatrixEvent): EventId => event_id;

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

function eventSetAside(found: SetAside): NewItem {
  return setAsideItem(EVENT_SOURCE, found);
}

function versionKey({ reference, versionId }: Pick<ResourceVersion, 'reference' | 'versionId'>): string {
  return `${reference}/${versionId}`;
}
