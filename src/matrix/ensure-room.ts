// Creates a room exactly once, also if the bridge dies in between: the alias reserves it, the marker proves who made it.
import type { Clock, Sleep } from '../domain/clock.ts';
import type { MatrixUserId, RoomAlias, RoomId } from '../domain/ids.ts';
import { ROOM_MARKER_KEY } from '../domain/matrix.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { isRefusal, MatrixRefusal } from './client.ts';
import type { Homeserver } from './homeserver.ts';
import type { RoomState } from './room-state.ts';

/** A room that must exist. */
export interface RoomOrder {
  readonly alias: RoomAlias;
  /** The present generation, from 0: the number of the attempt. Another replica may have begun a new one. */
  readonly generation: () => Promise<number>;
  /** The marker of a generation; it must be the one in the body's creation content. */
  readonly marker: (generation: number) => string;
  readonly body: (marker: string) => Readonly<Record<string, unknown>>;
  /** Begins the next generation and runs `discard`, while no other replica does so. */
  readonly drop: (discard: () => Promise<void>) => Promise<void>;
}

/** Milliseconds that a half-made room may still be finished by another replica before it is dropped. */
interface Patience {
  /** For a room to get its power levels, or for the bot to be able to join it. */
  readonly creationMs: number;
  /** For an alias to point at a room without events. */
  readonly reservationMs: number;
  /** Between two checks. */
  readonly pollMs: number;
}

interface Deps {
  readonly homeserver: Homeserver;
  readonly bot: MatrixUserId;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly patience?: Patience;
}

/** What an alias points at. */
interface Found {
  readonly roomId: RoomId;
  readonly stage: 'without-events' | 'begun' | 'broken' | 'finished';
}

/** The most generations that a restored database may lack. Each stands for a half-made room that was dropped. */
const LOST_GENERATIONS = 20;

const PATIENCE: Patience = { creationMs: 60_000, reservationMs: 10_000, pollMs: 1_000 };

/**
 * The room of an alias; created if it does not exist. A kill at any point leaves nothing, an alias without events, a room
 * without power levels, one that nobody can join, or a whole room. The next call recognises each of these and repairs it. Several calls at once, in this
 * process or others, all get the same room: the one that the alias points at.
 * @throws BridgeError `room-foreign` when the alias belongs to a room of another bridge or user;
 * `room-unfinished` when the creation took so long that another replica dropped it
 */
export async function ensureRoom(deps: Deps, order: RoomOrder, signal: AbortSignal): Promise<RoomId> {
  const { homeserver, bot } = deps;
  for (;;) {
    const marker = order.marker(await order.generation());
    const made = await createUnlessTaken(deps, order.body(marker), signal);
    // If the creation took very long, another replica may have dropped the room. The alias decides.
    if (made !== undefined && made === (await homeserver.resolveAlias(bot, order.alias, signal))) return made;
    if (made !== undefined) await homeserver.leave(bot, made, signal);
    const roomId = await awaitFinished(deps, order, signal);
    if (roomId !== undefined) return roomId;
  }
}

/** @returns undefined when the alias is taken, also by a request that runs at the same time (409) */
async function createUnlessTaken(
  { homeserver, bot }: Deps,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<RoomId | undefined> {
  try {
    return await homeserver.createRoom(bot, body, signal);
  } catch (error) {
    if (!(error instanceof MatrixRefusal)) throw error;
    if (error.errcode === 'M_ROOM_IN_USE' || error.status === 409) return undefined;
    // Synapse's answer when the alias was removed while the room was being created.
    if (error.errcode === 'M_BAD_ALIAS')
      throw new BridgeError('room-unfinished', 'another replica dropped it');
    throw error;
  }
}

/**
 * Waits for a creation that may still be running, and drops one that was abandoned.
 * @returns undefined when the alias is free
 */
async function awaitFinished(deps: Deps, order: RoomOrder, signal: AbortSignal): Promise<RoomId | undefined> {
  const { clock, sleep, patience = PATIENCE } = deps;
  let watched: { roomId: RoomId; sinceMs: number } | undefined;
  for (;;) {
    const found = await look(deps, order, signal);
    if (found?.stage === 'finished') return found.roomId;
    if (found !== undefined) {
      const { roomId, stage } = found;
      if (watched?.roomId !== roomId) watched = { roomId, sinceMs: clock.monotonicMs() };
      const patienceMs = stage === 'without-events' ? patience.reservationMs : patience.creationMs;
      if (clock.monotonicMs() - watched.sinceMs > patienceMs) {
        await order.drop(() => discard(deps, order, roomId, signal));
        return undefined;
      }
    }
    await sleep(patience.pollMs, signal);
    signal.throwIfAborted();
    if (found === undefined) return undefined;
  }
}

/** Takes the alias from a half-made room, unless the room was finished or replaced meanwhile. */
async function discard(deps: Deps, order: RoomOrder, roomId: RoomId, signal: AbortSignal): Promise<void> {
  const { homeserver, bot } = deps;
  if ((await homeserver.resolveAlias(bot, order.alias, signal)) !== roomId) return;
  const { state = [], isBroken } = await readState(deps, roomId, signal);
  const isWhole = isFinished(state);
  if (isWhole && (await takesEvents(deps, roomId, state, signal))) return;
  await homeserver.deleteAlias(bot, order.alias, signal);
  // What takes no events takes no leaving either.
  if (!isBroken && !isWhole) await homeserver.leave(bot, roomId, signal).catch(ignoreUnknownRoom);
}

/** @returns undefined when the alias is free */
async function look(deps: Deps, order: RoomOrder, signal: AbortSignal): Promise<Found | undefined> {
  const { homeserver, bot } = deps;
  const roomId = await homeserver.resolveAlias(bot, order.alias, signal);
  if (roomId === undefined) return undefined;
  const { state, joined, isBroken } = await readState(deps, roomId, signal);
  if (isBroken) return { roomId, stage: 'broken' };
  if (state === undefined) return { roomId, stage: 'without-events' };
  const stranger = await strangerIn(state, order, bot);
  if (stranger !== undefined) {
    if (joined) await homeserver.leave(bot, roomId, signal);
    throw foreign(stranger);
  }
  if (!isFinished(state)) return { roomId, stage: 'begun' };
  return { roomId, stage: (await takesEvents(deps, roomId, state, signal)) ? 'finished' : 'broken' };
}

/**
 * Whether a room that nobody has come into takes events. Its creation may have been cut off in the midst of its events, and Synapse then
 * answers 500 to each (`No chain cover`). Where others are in it, it took theirs.
 */
async function takesEvents(
  { homeserver, bot }: Deps,
  roomId: RoomId,
  state: RoomState,
  signal: AbortSignal,
): Promise<boolean> {
  const members = state.filter(({ type }) => type === 'm.room.member');
  if (members.some((member) => member.state_key !== bot)) return true;
  const own = members.find((member) => member.state_key === bot)?.content;
  const content = { membership: 'join', ...own, reason: 'The room is looked at' };
  try {
    await homeserver.putState(bot, roomId, { type: 'm.room.member', state_key: bot, content }, signal);
    return true;
  } catch (error) {
    if (isRefusal(error, 500)) return false;
    throw error;
  }
}

/** The power levels come together with all other initial state, or not at all. */
function isFinished(state: RoomState): boolean {
  return state.some((event) => event.type === 'm.room.power_levels');
}

/** What the bot could read of a room. */
interface Read {
  /** None when the room has no events yet, or cannot be read. */
  readonly state?: RoomState;
  /** Whether the bot had to join to read it. */
  readonly joined: boolean;
  /**
   * The homeserver fails at the bot's join, for ever perhaps: where its database was killed right after the first event of a room,
   * Synapse answers 500 `State groups have been deleted`.
   */
  readonly isBroken: boolean;
}

async function readState({ homeserver, bot }: Deps, roomId: RoomId, signal: AbortSignal): Promise<Read> {
  const read = { joined: false, isBroken: false };
  try {
    return { ...read, state: await homeserver.roomState(bot, roomId, signal) };
  } catch (error) {
    if (!isRefusal(error, 403)) throw error;
  }
  try {
    // The creator may join its own room, even if it had not joined before.
    await homeserver.join(bot, roomId, signal);
    return { ...read, state: await homeserver.roomState(bot, roomId, signal), joined: true };
  } catch (error) {
    if (isRefusal(error, 404)) return read;
    if (isRefusal(error, 500)) return { ...read, isBroken: true };
    if (isRefusal(error, 403)) throw foreign('the bot may not join it');
    throw error;
  }
}

/** @returns why the room is not a room of this bridge; undefined if it is one */
async function strangerIn(
  state: RoomState,
  order: RoomOrder,
  bot: MatrixUserId,
): Promise<string | undefined> {
  const create = state.find((event) => event.type === 'm.room.create');
  if (create === undefined) return undefined;
  if (create.sender !== bot) return 'another user made it';
  // Read now, not earlier: the replica that made the room had begun its generation before. Older generations count too, since a
  // dropped room has no alias any more. Later ones count too, since a restored database may have an older number.
  const newest = (await order.generation()) + LOST_GENERATIONS;
  const markers = Array.from({ length: newest + 1 }, (_, generation) => order.marker(generation));
  const isOwn = markers.some((marker) => create.content[ROOM_MARKER_KEY] === marker);
  return isOwn ? undefined : 'it was made for another resource, by another bridge, or under another key';
}

function foreign(reason: string): BridgeError {
  return new BridgeError(
    'room-foreign',
    `the alias points at a room that is not of this bridge: ${reason}. Remove the alias from it, then retry`,
  );
}

function ignoreUnknownRoom(error: unknown): void {
  if (!(error instanceof MatrixRefusal) || error.status >= 500) throw error;
}
