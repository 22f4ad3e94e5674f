// The reader of rooms that are behind: each by itself, so that one that cannot be read keeps no other waiting.
import type { Config } from '../config/schema.ts';
import type { Bridge } from '../flows/bridge.ts';
import type { Intake } from '../flows/intake.ts';
import { readOn } from '../matrix/room-reader.ts';
import {
  countFailing,
  findDue,
  postponeRoom,
  ROOMS_BEHIND_CHANNEL,
  type DueRoom,
} from '../store/rooms-behind.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 5_000;
/** Rooms of one pass, and how many of them are read at the same time. */
const ROOMS = { inPass: 200, atOnce: 4 };
/** So many that fail in a row are a homeserver that is away: the others are left for the next pass. */
const MOST_FAILURES_IN_ROW = 8;
/** How long a room waits that could not be read: doubled with each failure. */
const WAIT_MS = { first: 5_000, most: 10 * 60_000 };
/** A room that failed so often is told of: the job counts as failing until it can be read. */
const TOLD_AFTER_FAILURES = 3;

interface Deps extends Pick<Bridge, 'db' | 'homeserver' | 'log' | 'settings'> {
  readonly config: { readonly inbox: Pick<Config['inbox'], 'retryMs'> };
  readonly intake: Pick<Intake, 'readOn' | 'gaveUpReading'>;
}

/** The job. */
export function readRoomsBehind(deps: Deps): BridgeJob {
  const { db } = deps;
  return {
    name: 'matrix:rooms',
    service: 'matrix',
    intervalMs: INTERVAL_MS,
    wakeUps: { channel: ROOMS_BEHIND_CHANNEL },
    async pass(signal, again) {
      const due = await findDue(db, ROOMS.inPass);
      await readEach(deps, due, signal);
      if (due.length === ROOMS.inPass) again();
      const failing = await countFailing(db, TOLD_AFTER_FAILURES);
      if (failing > 0) throw new BridgeError('matrix-unavailable', `rooms that cannot be read: ${failing}`);
      return due.length;
    },
  };
}

async function readEach(deps: Deps, rooms: readonly DueRoom[], signal: AbortSignal): Promise<void> {
  const waiting = rooms.values();
  let failedInRow = 0;
  const work = async (): Promise<void> => {
    for (const room of waiting) {
      const isRead = await readRoom(deps, room, signal);
      failedInRow = isRead ? 0 : failedInRow + 1;
      if (failedInRow >= MOST_FAILURES_IN_ROW) return;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: ROOMS.atOnce }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** @returns false where it has to wait */
async function readRoom(deps: Deps, room: DueRoom, signal: AbortSignal): Promise<boolean> {
  const { homeserver, settings, intake } = deps;
  try {
    const end = await readOn({ homeserver, bot: settings.bot, store: intake.readOn }, room, signal);
    if (end === 'not-shown') await intake.gaveUpReading(room.roomId, 'room-not-shown');
    return true;
  } catch (error) {
    if (!(error instanceof BridgeError) || signal.aborted) throw error;
    await letWait(deps, room, error);
    return false;
  }
}

/** Its budget is that of an item. */
async function letWait(
  { db, log, config, intake }: Deps,
  { roomId, failures }: DueRoom,
  { code, message }: BridgeError,
): Promise<void> {
  const delayMs = Math.min(WAIT_MS.first * 2 ** failures, WAIT_MS.most);
  log.warn({ roomId, code, detail: message, delayMs }, 'A room could not be read on; it is tried again');
  const failingForMs = await postponeRoom(db, roomId, delayMs);
  if (failingForMs >= config.inbox.retryMs) await intake.gaveUpReading(roomId, 'room-not-read');
}
