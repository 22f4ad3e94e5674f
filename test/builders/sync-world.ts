// A homeserver with one stream of events, and the bridge's readers of it on a real database.
import type { ClientBase, Pool } from 'pg';
import type { MatrixUserId, RoomId } from '../../src/domain/ids.ts';
import type { MatrixEvent, PushOrder } from '../../src/domain/matrix.ts';
import { createIntake } from '../../src/flows/intake.ts';
import { MATRIX_READER } from '../../src/flows/reader-names.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { findBusyLanes, knownSourceIds } from '../../src/inbox/known-items.ts';
import { readMatrix } from '../../src/jobs/read-matrix.ts';
import { readRoomsBehind } from '../../src/jobs/read-rooms-behind.ts';
import { ozoThreads as thread } from '../../src/mapping/threads/ozo.ts';
import type { Homeserver } from '../../src/matrix/homeserver.ts';
import { NO_ORDER } from '../../src/matrix/push-order.ts';
import { readTransaction } from '../../src/matrix/transactions.ts';
import { clockAt, SETTINGS, unreachableHomeserver } from './bridge.ts';
import { recordingLog } from './log.ts';
import { BOT, eventId, message, roomId } from './matrix.ts';
import { enqueue, tables } from './payloads.ts';

/** What the readers ask; a test may put other answers in their place. */
type Read = { -readonly [Question in 'changedRooms' | 'messagesAfter' | 'sync']: Homeserver[Question] };

const never = new AbortController().signal;

/**
 * A homeserver whose tokens are numbers of events in its one stream.
 * @param rooms of the bot; what is said in others is not shown
 * @param limit of the events that an answer shows of a room
 */
export function createHomeserverModel(rooms: ReadonlySet<RoomId>, { limit = 100, pageSize = 100 } = {}) {
  const stream: MatrixEvent[] = [];
  /** Rooms to which the bot is invited, and by which position it was. */
  const invited = new Map<RoomId, number>();
  const positions = new Map<string, number>();
  const count = { sync: 0, changedRooms: 0, pages: 0 };

  function sayIn(id: RoomId, ...names: readonly string[]): readonly MatrixEvent[] {
    return names.map((name) => {
      const said = message({ event_id: eventId(`$${name}`), room_id: id });
      positions.set(said.event_id, stream.push(said));
      return said;
    });
  }
  const since = (token: string | undefined): ReadonlyMap<RoomId, readonly MatrixEvent[]> =>
    Map.groupBy(
      stream.slice(Number(token ?? 0)).filter((event) => rooms.has(event.room_id)),
      (event) => event.room_id,
    );
  const rest = (token: string | undefined) => ({
    ...{ position: String(stream.length), receipts: [] },
    invitations: [...invited].flatMap(([id, at]) =>
      at > Number(token ?? 0)
        ? [{ roomId: id, userId: BOT, sender: '@noor:h' as MatrixUserId, content: { membership: 'invite' } }]
        : [],
    ),
  });

  const homeserver: Read = {
    sync: (_as, question) => {
      count.sync += 1;
      const changed = [...since(question.since)];
      return Promise.resolve({
        ...rest(question.since),
        rooms: changed.flatMap(([id, events]) =>
          events.length > limit ? [] : [{ roomId: id, events, setAside: [] }],
        ),
        behind: changed.flatMap(([id, events]) => (events.length > limit ? [id] : [])),
      });
    },
    changedRooms: (_as, question) => {
      count.changedRooms += 1;
      return Promise.resolve({ ...rest(question.since), behind: [...since(question.since).keys()] });
    },
    messagesAfter: (_as, id, token) => {
      count.pages += 1;
      const events = stream
        .slice(Number(token))
        .filter((event) => event.room_id === id)
        .slice(0, pageSize);
      const last = events.at(-1);
      const end = last === undefined ? undefined : String(positions.get(last.event_id));
      return Promise.resolve({ events, setAside: [], end });
    },
  };
  return {
    ...{ stream, rooms, count, homeserver, sayIn },
    /** Invites the bot; another event moves the position, as the invitation itself does. */
    invite: (id: RoomId): void => {
      sayIn(roomId('!elsewhere:h'), `invite-${id}`);
      invited.set(id, stream.length);
    },
  };
}

export type Transact = <T>(work: (tx: ClientBase) => Promise<T>) => Promise<T>;

/** The readers of the homeserver, and its pushes. */
export function createReaders(
  pool: Pool,
  asked: Read,
  transact: Transact = (work) => inTransaction(pool, work),
) {
  const log = recordingLog();
  const homeserver: Homeserver = {
    ...unreachableHomeserver,
    sync: (...question) => asked.sync(...question),
    changedRooms: (...question) => asked.changedRooms(...question),
    messagesAfter: (...question) => asked.messagesAfter(...question),
  };
  const intake = createIntake({
    ...{
      db: pool,
      transact,
      enqueue,
      knownSourceIds,
      findBusyLanes,
      thread,
      wakeMatrixReader: () => Promise.resolve(),
    },
    ...{ store: tables, settings: SETTINGS, clock: clockAt('2026-11-29T12:00:00Z') },
  });
  const deps = {
    ...{ db: pool, homeserver, settings: SETTINGS, log, intake, store: tables },
    config: { inbox: { retryMs: 72 * 3_600_000 }, matrix: { syncIntervalMs: 1_000 } },
  };
  const sync = readMatrix(deps);
  const rooms = readRoomsBehind(deps);
  return {
    log,
    push: async (body: object, order: PushOrder = NO_ORDER): Promise<void> => {
      const parts = readTransaction(body, 'txn');
      if (parts === undefined) throw new TypeError('Expected a transaction');
      await intake.pushed(parts, order);
    },
    /** A pass over `/sync`. @returns how many items were new */
    pass: (): Promise<number> => sync.pass(never, () => undefined),
    /** A pass over the rooms that are behind. @returns how many were read on */
    readOn: (): Promise<number> => rooms.pass(never, () => undefined),
  };
}

/** Makes the homeserver's reader stand where it does for so long. */
export async function ageCursor(pool: Pool, minutes: number): Promise<void> {
  await pool.query(
    'update reader_cursor set advanced_at = now() - make_interval(mins => $1) where reader = $2',
    [minutes, MATRIX_READER],
  );
}
