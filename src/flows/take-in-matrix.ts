// What comes from the homeserver becomes inbox items: pushed transactions, answers of `/sync`, pages of rooms that are read on.
import type { ClientBase } from 'pg';
import type { EventId, RoomId } from '../domain/ids.ts';
import type { MatrixEvent, PushOrder } from '../domain/matrix.ts';
import type { NewItem } from '../inbox/item.ts';
import type { findBusyLanes, knownSourceIds } from '../inbox/known-items.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import type { ReadPage } from '../matrix/room-reader.ts';
import type { ShownRoom } from '../matrix/sync.ts';
import type { SyncedPart } from '../matrix/sync-reader.ts';
import type { SetAside, TransactionParts } from '../matrix/transactions.ts';
import type { RoomBehind } from '../store/rooms-behind.ts';
import type { Bridge, BridgeSettings } from './bridge.ts';
import { EVENT_SOURCE, eventItem } from './items/event.ts';
import { invitationItem } from './items/invitation.ts';
import { setAsideItem } from './items/set-aside.ts';
import { isStorableKey, storableItems } from './make-each.ts';
import { MATRIX_READER } from './reader-names.ts';
import { ofServedRooms } from './served-rooms.ts';
import { carried, takeInReceipts, type ReceiptSettings } from './read-state/take-in.ts';

export type MatrixIntakeSettings = ReceiptSettings & Pick<BridgeSettings, 'bot'>;

interface Deps extends Pick<Bridge, 'db' | 'enqueue' | 'store' | 'transact'> {
  readonly settings: MatrixIntakeSettings;
  readonly knownSourceIds: typeof knownSourceIds;
  readonly findBusyLanes: typeof findBusyLanes;
  /** Wakes the reader of the homeserver when the transaction commits. */
  readonly wakeMatrixReader: (tx: ClientBase) => Promise<void>;
}

/** How long an event of a room the bot is in waits for `/sync` to show it. */
const ARRIVAL_PATIENCE_SECONDS = 10;
/** How many events that only push has brought are taken in one transaction. */
const ARRIVALS_AT_ONCE = 500;

/** Creates the intake from the homeserver; each of its functions is one commit. */
export function createMatrixIntake(deps: Deps) {
  const { transact, enqueue: store, wakeMatrixReader, settings } = deps;
  const { arrivals, pushes, roomsBehind } = deps.store;
  return {
    /**
     * Stores the events and receipts of a pushed transaction; not those of rooms that are not served. Where the order is certain,
     * events are items at once, except those of rooms of which something waits for the reader. Else they are arrivals, which wait
     * for the reader to order them, and it finds the receipts as well.
     */
    pushed: async (parts: TransactionParts, order: PushOrder): Promise<void> => {
      const { setAside } = parts;
      const events = parts.events.filter((event) => !isOwnSaying(settings, event));
      const receipts = carried(settings, parts.receipts);
      if (events.length + setAside.length + receipts.length === 0) {
        await pushes.enterPush(deps.db, order);
        return;
      }
      await transact(async (tx) => {
        const isCertain = await pushes.enterPush(tx, order);
        const served = await ofServedRooms(deps, tx, events);
        const waits = await roomsThatWait(deps, tx, served, isCertain);
        const inOrder = served.filter(({ room_id: roomId }) => !waits(roomId));
        const arriving = await notStored(
          deps,
          tx,
          served.filter(({ room_id: roomId }) => waits(roomId)),
        );
        if (arriving.length > 0) await arrivals.saveArrivals(tx, arriving);
        const items = [
          ...inOrder.map(eventItem),
          ...(isCertain ? await takeInReceipts(deps, tx, receipts, `push ${order.number}`) : []),
        ];
        await store(tx, [...storableItems(items), ...setAside.map(eventSetAside)]);
        const areReceiptsRead = !isCertain && receipts.length > 0;
        if (areReceiptsRead || arriving.some((event) => isAwaited(settings, event)))
          await wakeMatrixReader(tx);
      });
    },

    /**
     * Stores a part of what `/sync` shows; with the last one also what only push has brought, and the position.
     * @returns how many items were new
     */
    synced: (part: SyncedPart): Promise<number> => transact((tx) => storePart(deps, tx, part)),

    /**
     * Stores a page of a room that is behind.
     * @returns the room as it stands now; undefined when it is not behind any more
     */
    readOn: (page: ReadPage<RoomBehind>): Promise<RoomBehind | undefined> =>
      transact((tx) => storePage(deps, tx, page)),

    /** Sets aside what was left out of a room that cannot be read on: from now on it is followed as any other. */
    gaveUpReading: async (roomId: RoomId, reason: string): Promise<void> => {
      await transact(async (tx) => {
        const room = await roomsBehind.lockBehind(tx, roomId);
        if (room === undefined) return;
        await endBehind(deps, tx, roomId);
        await store(tx, [eventSetAside({ id: `${roomId} ${room.position}`, reason })]);
      });
    },
  };
}

/** Those of some events that are no items yet: what the reader has brought already would wait in vain for it to come again. */
async function notStored(
  { knownSourceIds: findKnown }: Deps,
  tx: ClientBase,
  events: readonly MatrixEvent[],
): Promise<readonly MatrixEvent[]> {
  if (events.length === 0) return [];
  const known = await findKnown(tx, EVENT_SOURCE, events.map(eventIdOf));
  return events.filter((event) => !known.has(event.event_id));
}

/** Tells of which rooms events wait for the reader. */
async function roomsThatWait(
  { store: { arrivals } }: Deps,
  tx: ClientBase,
  events: readonly MatrixEvent[],
  isCertain: boolean,
): Promise<(roomId: RoomId) => boolean> {
  if (!isCertain) return () => true;
  if (events.length === 0) return () => false;
  const waiting = await arrivals.findWaitingRooms(tx, roomsOf(events).filter(isStorableKey));
  return (roomId) => waiting.has(roomId);
}

async function storePart(deps: Deps, tx: ClientBase, part: SyncedPart): Promise<number> {
  const { arrivals, cursors, roomsBehind } = deps.store;
  const { position, arrivalsUpTo } = part;
  const shownIds = part.rooms.map(({ roomId }) => roomId);
  const behind = await roomsBehind.noteShown(tx, shownIds.filter(isStorableKey));
  await roomsBehind.saveBehind(tx, part.behind.filter(isStorableKey), part.since);
  const rooms = part.rooms.filter(({ roomId }) => !behind.has(roomId));
  await arrivals.removeArrivals(
    tx,
    rooms.flatMap(({ events }) => events.map(eventIdOf)),
  );
  const pushedOnly =
    arrivalsUpTo === undefined
      ? { events: [], unreadable: [] }
      : await arrivals.takeUnreadArrivals(tx, {
          ...{ upTo: arrivalsUpTo, olderThanSeconds: ARRIVAL_PATIENCE_SECONDS, most: ARRIVALS_AT_ONCE },
        });
  const receipts = part.receipts.filter(({ roomId }) => isStorableKey(roomId));
  const unusable = part.behind.filter((id) => !isStorableKey(id));
  const items = [
    ...(await takeInReceipts(deps, tx, receipts, position)),
    ...itemsOf(deps, rooms),
    ...unusable.map((id) => eventSetAside({ id, reason: 'id-unusable' })),
    ...pushedOnly.events.map(eventItem),
    ...pushedOnly.unreadable.map((id) => eventSetAside({ id, reason: 'unreadable' })),
    ...part.invitations.map((invitation) => invitationItem(invitation, position)),
  ];
  const { stored } = await deps.enqueue(tx, storableItems(items));
  if (arrivalsUpTo !== undefined) await cursors.saveCursor(tx, MATRIX_READER, position);
  return stored;
}

/** The room is locked before its lane, as where `/sync` shows it. */
async function storePage(
  deps: Deps,
  tx: ClientBase,
  page: ReadPage<RoomBehind>,
): Promise<RoomBehind | undefined> {
  const { enqueue, store } = deps;
  const { arrivals, roomsBehind } = store;
  const { roomId, events, next } = page;
  const room = await roomsBehind.lockBehind(tx, roomId);
  if (room === undefined) return undefined;
  await arrivals.removeArrivals(tx, events.map(eventIdOf));
  await enqueue(tx, storableItems(itemsOf(deps, [page])));
  const position = next ?? page.room.position;
  // What was shown since the page was asked for may not have been on it.
  const isRead = next === undefined && room.shown === page.room.shown && room.position === page.room.position;
  if (isRead) await endBehind(deps, tx, roomId);
  else await roomsBehind.saveReadUpTo(tx, roomId, position);
  return isRead ? undefined : { ...room, position };
}

/** What was pushed of the room and stood in no answer, such as what was said before the bot was let in, has waited for this. */
async function endBehind(
  { store: { arrivals, roomsBehind }, wakeMatrixReader }: Pick<Deps, 'store' | 'wakeMatrixReader'>,
  tx: ClientBase,
  roomId: RoomId,
): Promise<void> {
  await roomsBehind.removeBehind(tx, roomId);
  if ((await arrivals.findWaitingRooms(tx, [roomId])).size > 0) await wakeMatrixReader(tx);
}

function itemsOf({ settings }: Pick<Deps, 'settings'>, rooms: readonly ShownRoom[]): readonly NewItem[] {
  return rooms.flatMap(({ events, setAside }) => [
    ...events.filter((event) => !isOwnSaying(settings, event)).map(eventItem),
    ...setAside.map(eventSetAside),
  ]);
}

const roomsOf = (events: readonly MatrixEvent[]): readonly RoomId[] => [
  ...new Set(events.map(({ room_id: roomId }) => roomId)),
];

/** What the bridge's own users say is known from its sending. */
function isOwnSaying(settings: MatrixIntakeSettings, { sender, state_key }: MatrixEvent): boolean {
  return state_key === undefined && isOwnUser(settings, sender);
}

/**
 * Whether an event is taken in at once. What the bridge did itself it knows already, and has in its place with the next pass; but
 * a room that lets in the bot is only then made a conversation.
 */
function isAwaited(settings: MatrixIntakeSettings, { sender, type, state_key }: MatrixEvent): boolean {
  const isOfBot = type === 'm.room.member' && sender === settings.bot && state_key === settings.bot;
  return isOfBot || !isOwnUser(settings, sender);
}

const eventIdOf = ({ event_id }: MatrixEvent): EventId => event_id;

function eventSetAside(found: SetAside): NewItem {
  return setAsideItem(EVENT_SOURCE, found);
}
