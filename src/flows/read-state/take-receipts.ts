// A user has stopped scrolling → what they have read in a room is one message: the last.
import { typeOf } from '../../domain/ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { ReceiptRow } from '../../store/receipts.ts';
import type { Bridge } from '../bridge.ts';
import type { IgnoredReason } from '../ignored-reasons.ts';
import { readItem } from '../items/read.ts';
import type { ReceiptsItem } from '../items/receipts.ts';
import type { FlowOutcome } from '../outcome.ts';
import { personOf, type Recognising } from '../people/who-is.ts';
import { messageRead } from './message-read.ts';

type Deps = Recognising & Pick<Bridge, 'findLogged'>;

/** Who never stops is not waited for any longer than so many times the quiet time. */
const MOST_QUIET_TIMES = 10;
/** How soon an undecided receipt is looked at again: the sooner, the younger it is. */
const AGAIN_MS = { least: 1_000, most: 5 * 60_000 };

/** Looks at the receipts of a user in a room that are stored. */
export async function takeReceipts(
  deps: Deps,
  { roomId, userId }: ReceiptsItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { db, store } = deps;
  const receipts = await store.receipts.findReceipts(db, roomId, userId);
  const newest = receipts.at(-1);
  if (newest === undefined) return { kind: 'ignored', reason: 'receipts-taken' };
  const afterMs = remainingQuiet(deps, receipts);
  if (afterMs > 0) return { kind: 'later', afterMs };
  const taken = {
    record: (tx: Parameters<typeof store.receipts.removeReceipts>[0]) =>
      store.receipts.removeReceipts(
        tx,
        { roomId, userId },
        receipts.map(({ eventId }) => eventId),
      ),
  };
  const ignored = (reason: IgnoredReason): FlowOutcome => ({ kind: 'ignored', reason, ...taken });
  const use = await store.roomUses.findRoomUse(db, roomId);
  if (!('room' in use) || typeOf(use.room.reference) !== 'CommunicationRequest')
    return ignored('not-a-conversation');
  const { room } = use;
  const person = await personOf(deps, userId, room.reference, signal);
  if (person === undefined) return ignored('unmapped-reader');
  const read = await messageRead(deps, { room, roomId }, receipts, signal);
  if (read === 'undecided') return { kind: 'later', afterMs: untilNextLook(deps, newest) };
  if (read === undefined) return ignored('nothing-read');
  const { eventId, message } = read;
  const at = Math.max(...receipts.map(({ readAt }) => readAt.getTime()));
  return {
    kind: 'done',
    ...taken,
    next: [readItem({ conversation: room.reference, person, roomId, eventId, message, at, userId })],
  };
}

/** How long is to be waited still for the user to be quiet, in milliseconds. */
function remainingQuiet({ clock, settings }: Deps, receipts: readonly ReceiptRow[]): number {
  const { quietMs } = settings.readState;
  const arrivals = receipts.map(({ arrivedAt }) => arrivedAt.getTime());
  const due = Math.min(Math.max(...arrivals) + quietMs, Math.min(...arrivals) + MOST_QUIET_TIMES * quietMs);
  return due - clock.now().getTime();
}

function untilNextLook({ clock }: Deps, { arrivedAt }: ReceiptRow): number {
  const ageMs = clock.now().getTime() - arrivedAt.getTime();
  return Math.max(AGAIN_MS.least, Math.min(ageMs / 4, AGAIN_MS.most));
}
