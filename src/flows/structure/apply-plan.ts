// Makes a room be as planned: its ghosts, the room itself if it is missing, then the differences.
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { onlyInvited, type DesiredRoom } from '../../mapping/desired-room.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { memberBase, type RoomChange } from '../../mapping/room-changes.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { applyGhostChange } from '../people/ghosts.ts';
import { rememberPeople } from '../people/resolve-people.ts';
import { sayAgain } from '../restorations/say-again.ts';
import { inviteMember } from './invite.ts';
import { makeRoom } from './make-room.ts';
import { changesIn, type RoomPlan } from './plan-room.ts';
import { recordDependencies } from './record-dependencies.ts';
import { recordSafety } from './room-safety.ts';
import { meetStrangers } from './strangers.ts';

/**
 * Makes the room be as planned, and records what was agreed on. People who cannot be invited keep no one else waiting:
 * an item of its own tries again.
 * @param requireInvites that item itself: it fails when an invitation does
 * @throws BridgeError also for an invitation that failed and was required, after all else was done
 */
export async function applyPlan(
  bridge: Bridge,
  plan: RoomPlan,
  { signal, requireInvites }: { readonly signal: AbortSignal; readonly requireInvites: boolean },
): Promise<RoomId> {
  const { store, db, homeserver, settings } = bridge;
  const { spec, members: before } = plan;
  const { reference } = spec;
  await rememberPeople(bridge, spec.people);
  for (const change of plan.ghosts) await applyGhostChange(bridge, change, signal);
  if (plan.gone !== undefined) await forgetGone(bridge, reference, plan.gone, signal);
  const isNew = plan.roomId === undefined;
  const roomId = plan.roomId ?? (await makeRoom(bridge, plan, signal));
  const actual = isNew ? await homeserver.roomState(settings.bot, roomId, signal) : plan.actual;
  const row = isNew ? await store.rooms.findRoom(db, reference) : plan.row;
  const madeBy = row?.madeBy ?? 'bridge';
  // A room that was taken over under the alias stays its maker's.
  const desired = madeBy === 'user' ? onlyInvited(plan.desired) : plan.desired;
  const changes = isNew ? changesIn(bridge, desired, actual, { ...before, madeBy }) : plan.changes;
  await store.roomMembers.savePending(db, reference, broughtIn(desired, changes));
  const unreached = await applyChanges(bridge, plan, { roomId, changes }, signal);
  const members = [...memberBase(desired, actual, before)];
  await store.roomMembers.saveBase(
    db,
    reference,
    new Map(members.map(([id, member]) => [id, member.reference])),
    new Set([
      ...members.filter(([id, { relayGhost }]) => id === relayGhost).map(([id]) => id),
      ...unreached.keys(),
    ]),
  );
  bridge.metrics.roomChanges.inc({ kind: desired.kind }, plan.ghosts.length + changes.length);
  await recordSafety(bridge, plan, roomId);
  await meetStrangers(bridge, { reference, roomId }, plan.strangers);
  await recordDependencies(bridge, plan, requireInvites ? [] : [...unreached.keys()]);
  const [first] = unreached.values();
  if (first !== undefined && requireInvites) throw first;
  return roomId;
}

/** What was said in the room that is gone is said again in the one that is made. */
async function forgetGone(
  bridge: Bridge,
  reference: FhirReference,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<void> {
  const { db, log, store } = bridge;
  log.error({ reference }, 'The homeserver does not know a room any more; another is made');
  await sayAgain(bridge, { reference, roomId, isGone: true }, `gone ${roomId}`, signal);
  await store.restoredRooms.forgetRoom(db, reference);
}

/** Whom the changes bring into the room, with the person behind each. */
function broughtIn(
  { members }: DesiredRoom,
  changes: readonly RoomChange[],
): ReadonlyMap<MatrixUserId, FhirReference> {
  const coming = new Set(
    changes.flatMap((change) => (change.kind === 'invite' || change.kind === 'join' ? [change.userId] : [])),
  );
  return new Map(
    members.filter(({ userId }) => coming.has(userId)).map(({ userId, reference }) => [userId, reference]),
  );
}

/** @returns the people who could not be invited, and why */
async function applyChanges(
  bridge: Bridge,
  plan: RoomPlan,
  { roomId, changes }: { readonly roomId: RoomId; readonly changes: readonly RoomChange[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<MatrixUserId, BridgeError>> {
  const unreached = new Map<MatrixUserId, BridgeError>();
  for (const change of changes) {
    try {
      await applyChange(bridge, plan, roomId, change, signal);
    } catch (error) {
      const isOfOthers = change.kind === 'invite' && !isOwnUser(bridge.settings, change.userId);
      if (!isOfOthers || !(error instanceof BridgeError) || signal.aborted) throw error;
      bridge.log.warn(
        { code: error.code, detail: error.message, reference: plan.spec.reference },
        'A member could not be invited; it is tried again by itself',
      );
      unreached.set(change.userId, error);
    }
  }
  return unreached;
}

async function applyChange(
  bridge: Bridge,
  { spec: { kind, subject } }: RoomPlan,
  roomId: RoomId,
  change: RoomChange,
  signal: AbortSignal,
): Promise<void> {
  const { homeserver, settings } = bridge;
  switch (change.kind) {
    case 'put-state':
      await homeserver.putState(change.as, roomId, change.event, signal);
      return;
    case 'invite':
      await inviteMember(bridge, { roomId, kind, subject }, change.userId, signal);
      return;
    case 'join':
      await homeserver.join(change.userId, roomId, signal);
      return;
    case 'leave':
      await homeserver.leave(change.userId, roomId, signal);
      return;
    case 'unlist':
      await homeserver.unlist(settings.bot, roomId, signal);
      return;
    case 'kick':
      await homeserver.kick(settings.bot, roomId, change.userId, signal);
      return;
  }
}
