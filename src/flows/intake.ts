// What came in becomes inbox items: pushed transactions, passes over `/sync`, passes over the FHIR server.
import type { ClientBase } from 'pg';
import {
  isPersonType,
  versionOf,
  type FollowedType,
  type ResourceVersion,
  type WatchedType,
} from '../domain/fhir.ts';
import type { EventId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { dependencyKeysOf } from '../mapping/identities.ts';
import type { StoredResource } from '../fhir/server.ts';
import type { SyncResult } from '../matrix/sync-reader.ts';
import type { TransactionParts } from '../matrix/transactions.ts';
import type { NewItem } from '../inbox/item.ts';
import type { knownSourceIds } from '../inbox/known-items.ts';
import type { Store } from '../store/tables.ts';
import type { Bridge } from './bridge.ts';
import { ephemeralItem } from './items/ephemeral.ts';
import { EVENT_SOURCE, eventItem } from './items/event.ts';
import { changeItem } from './items/fhir-change.ts';
import { threadReportItems } from './items/read-report.ts';
import { invitationItem } from './items/invitation.ts';
import { toDeviceItem } from './items/to-device.ts';
import { takeInReceipts, takeInReports, type ReceiptSettings } from './read-state/take-in.ts';

interface Deps extends Pick<Bridge, 'enqueue' | 'store' | 'thread' | 'transact'> {
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
  const { transact, enqueue: store, knownSourceIds, wakeMatrixReader, thread } = deps;
  const { arrivals, cursors, resourceVersions, roomMembers } = deps.store;
  return {
    /**
     * Stores a pushed transaction: events as arrivals, for the reader to order; the rest as items, but for receipts, which the
     * reader finds itself: push loses them, and shows them before what they refer to.
     */
    pushed: async ({ events, ephemeral, toDevice }: TransactionParts): Promise<void> => {
      await transact(async (tx) => {
        // What the reader has brought already would wait in vain for it to come again.
        const known = await knownSourceIds(tx, EVENT_SOURCE, events.map(eventIdOf));
        const fresh = events.filter((event) => !known.has(event.event_id));
        if (fresh.length > 0) await arrivals.saveArrivals(tx, fresh);
        const others = ephemeral.filter(({ content }) => content['type'] !== 'm.receipt');
        await store(tx, [...others.map(ephemeralItem), ...toDevice.map(toDeviceItem)]);
        await wakeMatrixReader(tx);
      });
    },

    /** Stores what a pass over `/sync` found, and what only push has brought. @returns how many were new */
    synced: async (found: SyncResult): Promise<number> =>
      transact(async (tx) => {
        const { events, invitations, toDevice, position, arrivalsUpTo } = found;
        await arrivals.removeArrivals(tx, events.map(eventIdOf));
        const pushedOnly = await arrivals.takeUnreadArrivals(tx, arrivalsUpTo, ARRIVAL_PATIENCE_SECONDS);
        const items = [
          ...(await takeInReceipts(deps, tx, found.receipts, position)),
          ...[...events, ...pushedOnly].map(eventItem),
          ...invitations.map((invitation) => invitationItem(invitation, position)),
          ...toDevice.map(toDeviceItem),
        ];
        const { stored } = await store(tx, items);
        await cursors.saveCursor(tx, MATRIX_READER, position);
        return stored;
      }),

    /**
     * Stores a page of changed resources. Of people, all are entered in the ledger, but only those concern the bridge on
     * whom a room depends.
     * @returns how many versions were new
     */
    pulled: async (resourceType: FollowedType, resources: readonly StoredResource[]): Promise<number> =>
      transact(async (tx) => {
        if (isPersonType(resourceType)) await roomMembers.lockDependencies(tx, 'asking');
        const fresh = await resourceVersions.recordRead(tx, resources.map(versionOf));
        const isFresh = new Set(fresh.map(versionKey));
        const changed = resources.filter(
          (resource) => isFresh.has(versionKey(versionOf(resource))) && mayConcern(thread, resource),
        );
        const concerning = isPersonType(resourceType)
          ? await withDependents(roomMembers, tx, changed)
          : changed;
        await store(tx, itemsOf(deps, concerning));
        return fresh.length;
      }),

    /** Stores what a page of Tasks or AuditEvents says of who has read what. @returns how many versions were new */
    pulledReports: async (resources: readonly StoredResource[]): Promise<number> =>
      transact(async (tx) => {
        const { fresh, items } = await takeInReports(deps, tx, resources);
        await store(tx, items);
        return fresh;
      }),

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

/** What changed, and what it says of who has read it. */
function itemsOf(
  { settings, thread }: Pick<Deps, 'settings' | 'thread'>,
  resources: readonly StoredResource[],
): readonly NewItem[] {
  const { readState } = settings.readState.engine === 'off' ? { readState: undefined } : thread;
  return [
    ...resources.map((resource) => changeItem(resource, thread)),
    ...(readState === undefined ? [] : threadReportItems(resources, readState)),
  ];
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

/** Those of the people, roles and organisations on whom some room depends, by themselves or as staff. */
async function withDependents(
  { findDependedOn }: Store['roomMembers'],
  tx: ClientBase,
  resources: readonly StoredResource[],
): Promise<readonly StoredResource[]> {
  const dependedOn = await findDependedOn(tx, resources.flatMap(dependencyKeysOf));
  return resources.filter((resource) => dependencyKeysOf(resource).some((key) => dependedOn.has(key)));
}

function versionKey({ reference, versionId }: Pick<ResourceVersion, 'reference' | 'versionId'>): string {
  return `${reference}/${versionId}`;
}
