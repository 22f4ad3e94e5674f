// What refers to something that is not there yet waits, in its order and without holding up others, until it comes.
import type { ClientBase } from 'pg';
import { z } from 'zod';
import type { NewItem } from '../../inbox/item.ts';
import type { hasUnhandled } from '../../inbox/known-items.ts';
import type { Queryable } from '../../store/database.ts';
import type { AwaitedId, WaitingItem } from '../../store/waiting-items.ts';
import type { Store } from '../../store/tables.ts';
import { standingAlsoFor } from './conversation-messages.ts';

const WAITED = 'waited';

/** Tells whether an item has waited, and goes on now. */
export const hasWaited = ({ source }: Pick<NewItem, 'source'>): boolean => source === WAITED;

/** The outcome of an item that waits. */
export interface Waiting {
  readonly kind: 'ignored';
  readonly reason: 'held';
  readonly next: (tx: ClientBase) => Promise<readonly NewItem[]>;
}

/**
 * Lets an item wait.
 * @param isThere whether what it waits for has come meanwhile: then the item goes on at once
 * @param cause what brings the item back, in that case
 */
export function waitFor(
  { waitingItems }: Pick<Store, 'waitingItems'>,
  waitsFor: AwaitedId,
  item: WaitingItem,
  isThere: (tx: ClientBase) => Promise<boolean>,
): Waiting {
  return {
    kind: 'ignored',
    reason: 'held',
    next: async (tx) => {
      await waitingItems.lockWaiting(tx, [waitsFor]);
      if (await isThere(tx)) return [waitedItem(item, `already ${waitsFor}`)];
      await waitingItems.saveWaiting(tx, waitsFor, item);
      return [];
    },
  };
}

/**
 * Takes what waits for these, to go on in the order in which it came.
 * @param cause what lets it go: should it have to wait again, the next release is another
 */
export async function releaseWaiting(
  { waitingItems }: Pick<Store, 'waitingItems'>,
  tx: ClientBase,
  waitsFor: readonly AwaitedId[],
  cause: string,
): Promise<readonly NewItem[]> {
  await waitingItems.lockWaiting(tx, waitsFor);
  return standingForAll(await waitingItems.takeWaiting(tx, waitsFor)).map((item) => waitedItem(item, cause));
}

/** Where one item stands for all messages of a conversation, those that have come since go with it: they keep their order. */
function standingForAll(taken: readonly WaitingItem[]): readonly WaitingItem[] {
  const standIn = taken.find(({ about }) => about.startsWith('CommunicationRequest/'));
  if (standIn === undefined) return taken;
  const others = taken.filter((item) => item !== standIn);
  const since = others.filter(({ lane }) => lane === standIn.lane);
  const payload = standingAlsoFor(
    standIn.payload,
    since.map((item) => item.payload),
  );
  if (payload === undefined) return taken;
  return [{ ...standIn, payload }, ...others.filter((item) => !since.includes(item))];
}

interface Log {
  readonly db: Queryable;
  readonly store: Pick<Store, 'waitingItems'>;
  readonly hasUnhandled: typeof hasUnhandled;
}

/**
 * Tells whether an item would overtake others of its lane: those that wait for what it found there, or that have waited and are
 * not handled yet. One that has waited itself overtakes no one: it stands among them in its turn.
 */
export async function wouldOvertake(
  { db, store, ...log }: Log,
  waitsFor: AwaitedId,
  { about, lane, hasWaited }: Pick<WaitingItem, 'about' | 'lane'> & { readonly hasWaited: boolean },
): Promise<boolean> {
  if (hasWaited) return false;
  // In this order: what is let go meanwhile is seen in the lane.
  return (
    (await store.waitingItems.isAwaitedByOthers(db, waitsFor, about)) ||
    (await log.hasUnhandled(db, { lane, source: WAITED }))
  );
}

/** Lets an item stand behind all that waits for the same, which goes on now. @param cause as for `releaseWaiting` */
export function takeTurn(
  { waitingItems }: Pick<Store, 'waitingItems'>,
  waitsFor: AwaitedId,
  item: WaitingItem,
  cause: string,
): Waiting {
  return {
    kind: 'ignored',
    reason: 'held',
    next: async (tx) => {
      await waitingItems.lockWaiting(tx, [waitsFor]);
      await waitingItems.saveWaiting(tx, waitsFor, item);
      return releaseWaiting({ waitingItems }, tx, [waitsFor], cause);
    },
  };
}

/** An item that has waited, as it goes on. @param cause what lets it go; for each it goes on once */
export function waitedItem(
  { about, lane, payload }: Pick<WaitingItem, 'about' | 'lane' | 'payload'>,
  cause: string,
): NewItem {
  return { lane, source: WAITED, sourceId: `${about} ${cause}`, payload };
}

/** How many items that waited too long are taken at one time. */
const OVERDUE_AT_ONCE = 200;

/** Takes items that waited too long, to go on without what they waited for. */
export async function releaseOverdue(
  { waitingItems }: Pick<Store, 'waitingItems'>,
  tx: ClientBase,
  now: Date,
): Promise<readonly NewItem[]> {
  const overdue = await waitingItems.takeOverdue(tx, now, OVERDUE_AT_ONCE);
  return overdue.map((item) => {
    const { gaveUpOn = [], ...payload } = payloadSchema.parse(item.payload);
    const without = { ...item, payload: { ...payload, gaveUpOn: [...gaveUpOn, item.waitsFor] } };
    return waitedItem(without, `without ${item.waitsFor}`);
  });
}

const payloadSchema = z.looseObject({ gaveUpOn: z.array(z.string()).optional() });
