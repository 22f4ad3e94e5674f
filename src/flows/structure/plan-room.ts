// Compares what FHIR wants of a room with the room as it is. Writes nothing, on either server or in the store.
import type { RoomId } from '../../domain/ids.ts';
import type { DesiredRoom } from '../../mapping/desired-room.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { earliest } from '../../mapping/periods.ts';
import type { ActualState, Comparison, RoomChange } from '../../mapping/room-changes.ts';
import { changesToRoom } from '../../mapping/room-changes.ts';
import type { StrangerDecision } from '../../mapping/strangers.ts';
import type { Base } from '../../store/room-members.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { ghostChanges, type GhostChange } from '../people/ghosts.ts';
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
  readonly actual: readonly ActualState[];
  readonly members: Base;
  readonly ghosts: readonly GhostChange[];
  readonly strangers: StrangerDecision;
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
  const { store, db, homeserver, settings } = bridge;
  const row = await store.rooms.findRoom(db, spec.reference);
  const roomId = row?.roomId;
  if (roomId === undefined && !spec.make) return undefined;
  const actual = roomId === undefined ? [] : await homeserver.roomState(settings.bot, roomId, signal);
  const members = await store.roomMembers.readMembers(db, spec.reference);
  const desired = await spec.desiredFor(actual, phase);
  const ghosts = await ghostChanges(bridge, spec.people.ghosts);
  const madeBy = row?.madeBy ?? 'bridge';
  const strangers = await planStrangers(bridge, { desired, actual, base: members.base }, signal);
  const known = { ...members, madeBy, leaving: strangers.leaving };
  const changes = roomId === undefined ? [] : changesIn(bridge, desired, actual, known);
  return { spec, desired, row, roomId, actual, members, ghosts, strangers, changes };
}

/** Tells whether a plan has nothing to do. */
export function isInSync(plan: RoomPlan): boolean {
  const { roomId, ghosts, strangers, changes } = plan;
  const todo = [ghosts, strangers.newcomers, changes];
  return roomId !== undefined && isPlaced(plan) && todo.every(({ length }) => length === 0);
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

/** The changes that make a room what it should be. @param known the members as of the last convergence, the strangers who have to go, and who made it */
export function changesIn(
  { settings }: Pick<Bridge, 'settings'>,
  desired: DesiredRoom,
  actual: readonly ActualState[],
  known: Base & Pick<Comparison, 'leaving' | 'madeBy'>,
): readonly RoomChange[] {
  return changesToRoom(desired, actual, {
    bot: settings.bot,
    isOwn: (userId) => isOwnUser(settings, userId),
    ...known,
    policy: settings.membership,
  });
}
