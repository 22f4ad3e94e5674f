// What makes a room that a user made unsafe to send into: others could come in, read along, or no one could read at all.
import type { RoomId } from '../../domain/ids.ts';
import type { StateEvent } from '../../domain/matrix.ts';
import type { RoomChange } from '../room-changes.ts';

/** Why nothing about a patient may be said in a room. */
export type Danger =
  /** The bridge has no keys: what it says is readable for all servers, what others say it cannot record. Never undone. */
  | 'encrypted'
  /** Others than the invited, and the members of the team's space, may join. */
  | 'open'
  /** Anyone may read without joining. */
  | 'readable'
  /** It stands in the public directory of rooms. */
  | 'listed';

interface Around {
  /** Whether it stands in the public directory. */
  readonly isListed: boolean;
  /** The space whose members may join. */
  readonly space: RoomId | undefined;
}

/** The rules by which somebody of the room lets each newcomer in. https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules */
const BY_INVITATION: readonly unknown[] = ['invite', 'knock', 'private'];
const BY_MEMBERSHIP: readonly unknown[] = ['restricted', 'knock_restricted'];

/** The dangers of a room. */
export function dangersIn(state: readonly StateEvent[], { isListed, space }: Around): readonly Danger[] {
  const contentOf = (type: string): StateEvent['content'] | undefined =>
    state.find((event) => event.type === type && event.state_key === '')?.content;
  const history = contentOf('m.room.history_visibility')?.['history_visibility'];
  return [
    ...(contentOf('m.room.encryption') === undefined ? [] : (['encrypted'] as const)),
    ...(isClosed(contentOf('m.room.join_rules'), space) ? [] : (['open'] as const)),
    ...(history === 'world_readable' ? (['readable'] as const) : []),
    ...(isListed ? (['listed'] as const) : []),
  ];
}

/** Those that are left once the changes are made. */
export function dangersLeft(
  actual: readonly StateEvent[],
  changes: readonly RoomChange[],
  { isListed, space }: Around,
): readonly Danger[] {
  const put = changes.flatMap((change) => (change.kind === 'put-state' ? [change.event] : []));
  const isUnlisted = changes.some(({ kind }) => kind === 'unlist');
  // What is found first counts.
  return dangersIn([...put, ...actual], { isListed: isListed && !isUnlisted, space });
}

/** Without join rules only the invited may join. */
function isClosed(rules: StateEvent['content'] | undefined, space: RoomId | undefined): boolean {
  if (rules === undefined || BY_INVITATION.includes(rules['join_rule'])) return true;
  if (!BY_MEMBERSHIP.includes(rules['join_rule'])) return false;
  const allowed: readonly unknown[] = Array.isArray(rules['allow']) ? rules['allow'] : [];
  return allowed.every(
    (each) => typeof each === 'object' && each !== null && 'room_id' in each && each.room_id === space,
  );
}
