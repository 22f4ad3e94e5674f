// Desired room × actual state → the changes that make the one into the other. No change where nothing differs.
import { isDeepStrictEqual } from 'node:util';
import type { StateEvent } from '../domain/matrix.ts';
import type { DesiredMember, DesiredRoom } from './desired-room.ts';

/** A step towards the desired room; each is idempotent on the homeserver. */
export type RoomChange =
  | { readonly kind: 'put-state'; readonly event: StateEvent }
  | { readonly kind: 'invite'; readonly member: DesiredMember }
  | { readonly kind: 'join'; readonly member: DesiredMember };

/** A state event of the room as it is. */
export interface ActualState {
  readonly type: string;
  readonly state_key: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * The changes, in the order in which they must be made: state first, so that an invited person finds the room
 * finished.
 */
export function changesToRoom(desired: DesiredRoom, actual: readonly ActualState[]): RoomChange[] {
  const contentOf = (type: string, stateKey: string): ActualState['content'] | undefined =>
    actual.find((event) => event.type === type && event.state_key === stateKey)?.content;
  const state = desired.state.filter(
    (event) => !isDeepStrictEqual(contentOf(event.type, event.state_key), event.content),
  );
  const levels = mergePowerLevels(desired, contentOf('m.room.power_levels', ''));
  return [
    ...state.map((event): RoomChange => ({ kind: 'put-state', event })),
    ...(levels === undefined
      ? []
      : [
          {
            kind: 'put-state',
            event: { type: 'm.room.power_levels', state_key: '', content: levels },
          } as const,
        ]),
    ...desired.members.flatMap((member) =>
      membershipChanges(member, contentOf('m.room.member', member.userId)?.['membership']),
    ),
  ];
}

/** A ghost is invited and joined; a person is invited once, and whoever left or was banned stays away. */
function membershipChanges(member: DesiredMember, membership: unknown): RoomChange[] {
  const invite: RoomChange[] = membership === undefined ? [{ kind: 'invite', member }] : [];
  switch (member.kind) {
    case 'user':
      return invite;
    case 'ghost':
      if (membership === 'join' || membership === 'ban') return [];
      return [
        ...(membership === 'invite' ? [] : [{ kind: 'invite', member } as const]),
        { kind: 'join', member },
      ];
  }
}

/**
 * Gives the mapped people their levels, which for those on `users_default` means none of their own, and leaves other
 * users' levels as they are.
 * @returns undefined when nothing differs
 */
function mergePowerLevels(
  { powerLevels, members }: DesiredRoom,
  actual: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (actual === undefined) return { ...powerLevels };
  const mapped = new Set<string>(members.map(({ userId }) => userId));
  const others = Object.entries(actual['users'] ?? {}).filter(([userId]) => !mapped.has(userId));
  const users = { ...Object.fromEntries(others), ...powerLevels.users };
  const merged = { ...actual, ...powerLevels, users };
  return isDeepStrictEqual(merged, actual) ? undefined : merged;
}
