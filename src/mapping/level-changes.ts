// What an event of power levels changes: whose level is another than before. https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
import type { MatrixUserId } from '../domain/ids.ts';

/** The content of `m.room.power_levels`, as others may have written it. */
export type Levels = Readonly<Record<string, unknown>>;

/** Another level of a user. */
export interface LevelChange {
  readonly userId: MatrixUserId;
  readonly level: number;
  readonly formerLevel: number;
}

/** Users listed before or after, whose level differs. */
export function levelsChanged(after: Levels, before: Levels): readonly LevelChange[] {
  const users = new Set(Object.keys({ ...usersIn(before), ...usersIn(after) }) as MatrixUserId[]);
  return [...users].flatMap((userId) => {
    const level = levelIn(after, userId);
    const formerLevel = levelIn(before, userId);
    return level === formerLevel ? [] : [{ userId, level, formerLevel }];
  });
}

/** The level of a user. */
export function levelIn(levels: Levels, userId: string): number {
  const level = usersIn(levels)[userId] ?? levels['users_default'];
  return typeof level === 'number' ? level : 0;
}

function usersIn({ users }: Levels): Readonly<Record<string, unknown>> {
  return typeof users === 'object' && users !== null ? { ...users } : {};
}
