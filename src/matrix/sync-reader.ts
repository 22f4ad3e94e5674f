// One pass of the reader over the homeserver: `/sync` shows the events of the bot's rooms in the homeserver's order.
//
// Push is only a wake-up: it loses events when the homeserver restarts, and delivers some late. Pushed events are kept as
// arrivals; the pass puts them into the inbox in the order of `/sync`. Arrivals of rooms that the bot is not in follow in the
// order in which they came. The pass also reads the bot's invitations, because push may have lost one.
// docs/explanation/catch-up.md
import type { EventId, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import type { Homeserver } from './homeserver.ts';
import { invitationIn, type Invitation } from './invitations.ts';
import { receiptsIn, type Receipt } from './receipts.ts';
import { pagesBefore, type SyncAnswer } from './timeline.ts';
import { named, type SetAside } from './transactions.ts';
import { isRefusal } from './client.ts';
import type { SetAsideEvent, SortedOut } from './event-schema.ts';

/** What a pass found. */
export interface SyncResult {
  readonly events: readonly MatrixEvent[];
  /** What cannot be stored, and rooms whose events cannot be read: the others do not wait for them. */
  readonly setAside: readonly SetAside[];
  /** Of the bot. */
  readonly invitations: readonly Invitation[];
  readonly receipts: readonly Receipt[];
  readonly position: string;
  /** Arrivals up to this number came before the pass began. */
  readonly arrivalsUpTo: string;
}

interface Deps {
  readonly homeserver: Pick<Homeserver, 'sync' | 'messagesBefore'>;
  readonly bot: MatrixUserId;
  /** Whether receipts are read. */
  readonly receipts: boolean;
  readonly readPosition: () => Promise<string | undefined>;
  readonly lastArrival: () => Promise<string>;
  /** Stores a pass and moves the position, in one transaction. @returns how many items were new */
  readonly store: (result: SyncResult) => Promise<number>;
}

/**
 * Makes one pass: asks until `/sync` shows nothing more. (The homeserver answers the same request from a cache for two minutes,
 * so that the first answers after a restart may be old.) The very first pass only takes the position: the bridge does not
 * record what happened before it was there.
 * @returns how many events were new
 */
export async function syncOnce(deps: Deps, signal: AbortSignal): Promise<number> {
  let found = 0;
  for (;;) {
    signal.throwIfAborted();
    const step = await syncStep(deps, signal);
    found += step.found;
    if (step.shown === 0) return found;
  }
}

async function syncStep(deps: Deps, signal: AbortSignal): Promise<{ found: number; shown: number }> {
  const arrivalsUpTo = await deps.lastArrival();
  const since = await deps.readPosition();
  const { bot, homeserver } = deps;
  const answer = await homeserver.sync(bot, { since, receipts: deps.receipts }, signal);
  const position = answer.next_batch;
  const { events, setAside } =
    since === undefined ? { events: [], setAside: [] } : await eventsOf(deps, answer, since, signal);
  const invitations = since === undefined ? [] : invitationsOf(deps, answer);
  const receipts = since === undefined ? [] : receiptsOf(answer);
  const found = await deps.store({
    events,
    setAside,
    invitations,
    receipts,
    position,
    arrivalsUpTo,
  });
  return { found, shown: position === since ? 0 : events.length + setAside.length + invitations.length };
}

function invitationsOf({ bot }: Deps, answer: SyncAnswer): readonly Invitation[] {
  return Object.entries(answer.rooms?.invite ?? {}).flatMap(
    ([roomId, { invite_state: state }]) => invitationIn(roomId, bot, state.events) ?? [],
  );
}

function receiptsOf(answer: SyncAnswer): readonly Receipt[] {
  return Object.entries(answer.rooms?.join ?? {}).flatMap(([roomId, { ephemeral }]) =>
    receiptsIn(roomId as RoomId, ephemeral?.events ?? []),
  );
}

async function eventsOf(
  deps: Deps,
  answer: SyncAnswer,
  since: string,
  signal: AbortSignal,
): Promise<Pick<SyncResult, 'events' | 'setAside'>> {
  const rooms = Object.entries(answer.rooms?.join ?? {});
  const perRoom = await Promise.all(
    rooms.map(async ([id, { timeline }]) => {
      const roomId = id as RoomId;
      const { events = [], setAside = [], limited, prev_batch: until } = timeline ?? {};
      const shown = events.map((event): MatrixEvent => ({ ...event, room_id: roomId }));
      const place = `${answer.next_batch} ${roomId}`;
      if (limited !== true || until === undefined) return { events: shown, setAside: named(setAside, place) };
      const before = await eventsBetween(deps, roomId, { since, until }, signal);
      return {
        events: [...before.events, ...shown],
        setAside: [...before.unread, ...named([...before.setAside, ...setAside], place)],
      };
    }),
  );
  return {
    events: perRoom.flatMap(({ events }) => events),
    setAside: perRoom.flatMap(({ setAside }) => setAside),
  };
}

/**
 * The events that a limited timeline left out, oldest first. A room that the homeserver does not show any more, since the bot was
 * put out of it meanwhile, keeps no other waiting.
 */
async function eventsBetween(
  { homeserver, bot }: Deps,
  roomId: RoomId,
  { since, until }: { readonly since: string; readonly until: string },
  signal: AbortSignal,
): Promise<SortedOut<MatrixEvent> & { readonly unread: readonly SetAside[] }> {
  const newestFirst = new Map<EventId, MatrixEvent>();
  const setAside: SetAsideEvent[] = [];
  const found = (unread: readonly SetAside[]) => ({
    ...{ events: [...newestFirst.values()].reverse(), setAside, unread },
  });
  try {
    for await (const page of pagesBefore(homeserver, bot, roomId, { from: until, to: since }, signal)) {
      const known = newestFirst.size + setAside.length;
      for (const event of page.events) newestFirst.set(event.event_id, event);
      setAside.push(...page.setAside);
      if (newestFirst.size + setAside.length === known) break;
    }
    return found([]);
  } catch (error) {
    if (!isRefusal(error, 403, 404)) throw error;
    return found([{ id: `${roomId} ${since} ${until}`, reason: 'room-not-shown' }]);
  }
}
