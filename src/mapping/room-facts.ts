// What changes to a room mean for its members: who joined, who left, whose level is another.
import type { Agent, Fact } from '../domain/facts.ts';
import type { FhirReference, MatrixUserId, RoomId } from '../domain/ids.ts';
import type { DesiredMember, DesiredRoom } from './desired-room.ts';
import type { ActualState, RoomChange } from './room-changes.ts';

/** The room whose members they are, and its resource as it was read. */
export interface ChangedRoom {
  readonly reference: FhirReference;
  readonly versionId: string;
  readonly subject?: FhirReference | undefined;
  readonly roomId?: RoomId | undefined;
}

/** The facts. An invitation is none: the person has not joined yet. */
export function factsOfChanges(
  changes: readonly RoomChange[],
  { desired, actual }: { readonly desired: DesiredRoom; readonly actual: readonly ActualState[] },
  { reference, versionId, subject, roomId }: ChangedRoom,
): readonly Fact[] {
  const people = new Map(desired.members.flatMap(accountsOf));
  const levels = new Map(desired.members.map(({ userId, level }) => [userId, level]));
  const common = { by: {}, on: { reference, versionId }, subject, roomId };
  const memberOf = (userId: MatrixUserId): Agent => ({ userId, person: people.get(userId) });
  return changes.flatMap((change): Fact[] => {
    switch (change.kind) {
      case 'join':
        return [
          { kind: 'joined', ...common, member: memberOf(change.userId), level: levels.get(change.userId) },
        ];
      case 'leave':
      case 'kick':
        return [{ kind: 'left', ...common, member: memberOf(change.userId) }];
      case 'invite':
        return [];
      case 'put-state':
        if (change.event.type !== 'm.room.power_levels') return [];
        return levelsChanged(change.event.content, powerLevelsIn(actual)).map(
          ({ userId, level, formerLevel }) => ({
            ...{ kind: 'level-changed', ...common, level, formerLevel },
            member: memberOf(userId),
          }),
        );
    }
  });
}

function accountsOf(member: DesiredMember): readonly (readonly [MatrixUserId, FhirReference])[] {
  const { reference, userId, relayGhost, formerUserIds } = member;
  const accounts = [...formerUserIds, ...(relayGhost === undefined ? [] : [relayGhost]), userId];
  return accounts.map((account) => [account, reference]);
}

type Levels = Readonly<Record<string, unknown>>;

function powerLevelsIn(actual: readonly ActualState[]): Levels {
  return (
    actual.find(({ type, state_key: key }) => type === 'm.room.power_levels' && key === '')?.content ?? {}
  );
}

interface LevelChange {
  readonly userId: MatrixUserId;
  readonly level: number;
  readonly formerLevel: number;
}

/** Users listed before or after, whose level differs. */
function levelsChanged(after: Levels, before: Levels): readonly LevelChange[] {
  const users = new Set(Object.keys({ ...usersIn(before), ...usersIn(after) }) as MatrixUserId[]);
  return [...users].flatMap((userId) => {
    const level = levelIn(after, userId);
    const formerLevel = levelIn(before, userId);
    return level === formerLevel ? [] : [{ userId, level, formerLevel }];
  });
}

function levelIn(levels: Levels, userId: string): number {
  const level = usersIn(levels)[userId] ?? levels['users_default'];
  return typeof level === 'number' ? level : 0;
}

function usersIn({ users }: Levels): Readonly<Record<string, unknown>> {
  return typeof users === 'object' && users !== null ? { ...users } : {};
}
