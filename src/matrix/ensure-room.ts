// Makes a room exactly once, whatever dies in between: alias as reservation, marker as proof of ownership.
import type { Clock, Sleep } from '../domain/clock.ts';
import type { MatrixUserId, RoomAlias, RoomId } from '../domain/ids.ts';
import { ROOM_MARKER_KEY } from '../domain/matrix.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { MatrixRefusal } from './client.ts';
import type { Homeserver } from './homeserver.ts';
import type { RoomState } from './room-state.ts';

/** A room to be made. */
export interface RoomOrder {
  readonly alias: RoomAlias;
  readonly generation: number;
  /** The marker of a generation; it must be the one in the body's creation content. */
  readonly marker: (generation: number) => string;
  readonly body: (marker: string) => Readonly<Record<string, unknown>>;
  /** Records that the attempt was given up and the next generation begins. */
  readonly dropped: () => Promise<void>;
}

interface Deps {
  readonly homeserver: Homeserver;
  readonly bot: MatrixUserId;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/** How long a room may take to get its power levels before it counts as abandoned half-way. */
const CREATION_MS = 60_000;
/** How long an alias may point at a room without events. */
const RESERVATION_MS = 10_000;
const POLL_MS = 1_000;

/**
 * The room of an alias, made if it is not there. A kill at any point leaves one of: nothing, an alias without
 * events, a room without power levels, a whole room; each is recognised and mended on the next call.
 * @throws BridgeError `room-foreign` when the alias belongs to a room that is not of this bridge
 */
export async function ensureRoom(deps: Deps, order: RoomOrder, signal: AbortSignal): Promise<RoomId> {
  const { homeserver, bot } = deps;
  let { generation } = order;
  for (;;) {
    const marker = order.marker(generation);
    const created = await createUnlessTaken(deps, order.body(marker), signal);
    if (created !== undefined) return created;
    const roomId = await homeserver.resolveAlias(bot, order.alias, signal);
    if (roomId === undefined) continue;
    if (await isFinished(deps, roomId, marker, signal)) return roomId;
    await homeserver.deleteAlias(bot, order.alias, signal);
    await homeserver.leave(bot, roomId, signal).catch(ignoreUnknownRoom);
    await order.dropped();
    generation += 1;
  }
}

/** @returns undefined when the alias is taken, be it by a request that runs at the same time (409) */
async function createUnlessTaken(
  { homeserver, bot }: Deps,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<RoomId | undefined> {
  try {
    return await homeserver.createRoom(bot, body, signal);
  } catch (error) {
    if (error instanceof MatrixRefusal && (error.errcode === 'M_ROOM_IN_USE' || error.status === 409))
      return undefined;
    throw error;
  }
}

/** Waits for a creation that may still run. @returns false when it was abandoned half-way */
async function isFinished(deps: Deps, roomId: RoomId, marker: string, signal: AbortSignal): Promise<boolean> {
  const begun = deps.clock.monotonicMs();
  for (;;) {
    const state = await readState(deps, roomId, signal);
    if (state !== undefined) assertOwn(state, marker, deps.bot);
    if (state?.some((event) => event.type === 'm.room.power_levels') === true) return true;
    const patience = state === undefined ? RESERVATION_MS : CREATION_MS;
    if (deps.clock.monotonicMs() - begun > patience) return false;
    await deps.sleep(POLL_MS, signal);
    signal.throwIfAborted();
  }
}

/** @returns undefined when the room has no events yet */
async function readState(
  { homeserver, bot }: Deps,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<RoomState | undefined> {
  try {
    return await homeserver.roomState(bot, roomId, signal);
  } catch (error) {
    if (!(error instanceof MatrixRefusal) || error.status !== 403) throw error;
  }
  try {
    // A room whose creator has not joined yet lets its creator in.
    await homeserver.join(bot, roomId, signal);
    return await homeserver.roomState(bot, roomId, signal);
  } catch (error) {
    if (error instanceof MatrixRefusal && error.status === 404) return undefined;
    if (error instanceof MatrixRefusal && error.status === 403) throw foreign('the bot may not join it');
    throw error;
  }
}

function assertOwn(state: RoomState, marker: string, bot: MatrixUserId): void {
  const create = state.find((event) => event.type === 'm.room.create');
  if (create === undefined) return;
  if (create.sender !== bot) throw foreign('another user made it');
  if (create.content[ROOM_MARKER_KEY] !== marker) throw foreign('its marker is not of this bridge and key');
}

function foreign(reason: string): BridgeError {
  return new BridgeError('room-foreign', `the alias points at a room of someone else: ${reason}`);
}

function ignoreUnknownRoom(error: unknown): void {
  if (!(error instanceof MatrixRefusal) || error.status >= 500) throw error;
}
