// Compares what FHIR wants of a room with the room as it is. Writes nothing, on either server or in the store.
import type { RoomId } from '../../domain/ids.ts';
import type { DesiredRoom } from '../../mapping/desired-room.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { earliest } from '../../mapping/periods.ts';
import type { ActualState, Comparison, RoomChange } from '../../mapping/room-changes.ts';
import { changesToRoom } from '../../mapping/room-changes.ts';
import { dangersLeft, type Danger } from '../../mapping/matrix-to-fhir/room-dangers.ts';
import type { StrangerDecision } from '../../mapping/strangers.ts';
import type { Base } from '../../store/room-members.ts';
import type { RoomRow } from '../../store/rooms.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { ghostChanges, type GhostChange } from '../people/ghosts.ts';
import { isOfUser, isUserMadeAndListed } from './room-safety.ts';
import type { RoomSpec } from './room-spec.ts';
import { planStrangers } from './strangers.ts';

/** What there is to do. */
export interface RoomPlan {
  readonly spec: RoomSpec;
  readonly desired: DesiredRoom;
  /** As it is before. */
  readonly row: RoomRow | undefined;
  /** Undefined when the room is yet to be made. */
  readonly roomId: RoomId | undefined;
  /** A room that the homeserver does not know any more; another is to be made. */
  readonly gone: RoomId | undefined;
  readonly actual: readonly ActualState[];
  readonly members: Base;
  readonly ghosts: readonly GhostChange[];
  readonly strangers: StrangerDecision;
  /** What makes a room of a user's making unsafe, also after the changes. */
  readonly dangers: readonly Danger[];
  /** Empty for a room that is yet to be made: what remains after its making is found then. */
  readonly changes: readonly RoomChange[];
}

/**
 * Makes the plan that brings a room to a phase.
 * @returns undefined when there is no room and none is wanted
 */
export async function planRoom(
  bridge: Bridge,
  spec: RoomSpec,
  signal: AbortSignal,
  phase = spec.phases[0],
): Promise<RoomPlan | undefined> {
  const { store, db } = bridge;
  const known = await store.rooms.findRoom(db, spec.reference);
  const found = known?.roomId === undefined ? [] : await stateOf(bridge, known, known.roomId, signal);
  const isGone = found === 'gone';
  const row = isGone ? known && { ...known, roomId: undefined, firstMessageEventId: undefined } : known;
  const roomId = row?.roomId;
  if (roomId === undefined && !spec.make) return undefined;
  const actual = isGone ? [] : found;
  const members = isGone ? NO_ONE : await store.roomMembers.readMembers(db, spec.reference);
  const desired = await spec.desiredFor(actual, phase);
  const ghosts = await ghostChanges(bridge, spec.people.ghosts);
  const madeBy = row?.madeBy ?? 'bridge';
  const strangers = await planStrangers(bridge, { desired, actual, base: members.base }, signal);
  const isListed = await isUserMadeAndListed(bridge, roomId, actual, signal);
  const compared = { ...members, madeBy, isListed, leaving: strangers.leaving };
  const changes = roomId === undefined ? [] : changesIn(bridge, desired, actual, compared);
  const dangers = isOfUser(bridge.settings.bot, actual)
    ? dangersLeft(actual, changes, { isListed, space: spec.placement?.roomId })
    : [];
  const gone = isGone ? known?.roomId : undefined;
  return { spec, desired, row, roomId, gone, actual, members, ghosts, strangers, dangers, changes };
}

const NO_ONE: Base = { base: new Set(), pending: new Set() };

/** The state of a room; `gone` where the bridge made the room, and the homeserver does not know it any more. */
async function stateOf(
  { homeserver, settings: { bot } }: Pick<Bridge, 'homeserver' | 'settings'>,
  { madeBy }: RoomRow,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<readonly ActualState[] | 'gone'> {
  try {
    return await homeserver.roomState(bot, roomId, signal);
  } catch (error) {
    const isRefused = error instanceof BridgeError && error.code === 'matrix-refused';
    if (!isRefused || madeBy !== 'bridge') throw error;
    if (await homeserver.isRoomGone(bot, roomId, signal)) return 'gone';
    throw error;
  }
}

/** Tells whether a plan has nothing to do. */
export function isInSync(plan: RoomPlan): boolean {
  const { roomId, ghosts, strangers, changes } = plan;
  const todo = [ghosts, strangers.newcomers, changes];
  if (roomId === undefined || !isPlaced(plan) || !isSafetyKnown(plan)) return false;
  return todo.every(({ length }) => length === 0);
}

/** Tells whether it is recorded that the room is safe, or that it is not. */
export function isSafetyKnown({ row, dangers }: Pick<RoomPlan, 'dangers' | 'row'>): boolean {
  return (row?.unsafe ?? false) === dangers.length > 0;
}

/** When next, by the clock alone, there may be something to do; undefined for never. */
export function nextMomentOf({ spec, strangers }: Pick<RoomPlan, 'spec' | 'strangers'>): Date | undefined {
  const at = earliest([spec.people.until, strangers.until]);
  return at === undefined ? undefined : new Date(at);
}

/** Tells whether the space of a conversation knows when it began, by which it is listed. */
export function isPlaced({ row, spec }: Pick<RoomPlan, 'row' | 'spec'>): boolean {
  return row?.authoredAt === spec.authoredAt;
}

/** The changes that make a room what it should be. @param known the members as of the last convergence, and what else is known of the room */
export function changesIn(
  { settings }: Pick<Bridge, 'settings'>,
  desired: DesiredRoom,
  actual: readonly ActualState[],
  known: Base & Pick<Comparison, 'isListed' | 'leaving' | 'madeBy'>,
): readonly RoomChange[] {
  return changesToRoom(desired, actual, {
    bot: settings.bot,
    isOwn: (userId) => isOwnUser(settings, userId),
    ...known,
    policy: settings.membership,
  });
}
