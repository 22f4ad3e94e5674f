// The bridge itself brought someone into a room or out of it, perhaps later than it meant to → whether the room is to be looked at.
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import type { StateChange } from './state-change.ts';

/**
 * Whether a change of a membership by the bridge is not what was agreed on last. A request that was made before FHIR changed may
 * come to the homeserver after it, such as that of a replica that was killed meanwhile. A convergence under way is waited for.
 */
export async function isOverdue(
  { db, roomLock, settings, store }: Pick<Bridge, 'db' | 'roomLock' | 'settings' | 'store'>,
  { type, state_key: userId, content }: StateChange,
  { reference }: Pick<RoomRow, 'reference'>,
  signal: AbortSignal,
): Promise<boolean> {
  if (type !== 'm.room.member' || userId === settings.bot) return false;
  const isComing = content['membership'] === 'join' || content['membership'] === 'invite';
  const known = await store.roomMembers.readMembers(db, reference);
  // Who is pending may be dropped by the convergence that is under way.
  if (known.base.has(userId) === isComing && !known.pending.has(userId)) return false;
  const agreed = await roomLock(reference, signal, () => store.roomMembers.readMembers(db, reference));
  return agreed.base.has(userId) !== isComing;
}
