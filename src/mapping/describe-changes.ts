// Describes a change of a room for the operator, with ids and types only: no names, no content.
import type { RoomChange } from './room-changes.ts';

/** One line for a change. */
export function describeRoomChange(change: RoomChange): string {
  switch (change.kind) {
    case 'put-state': {
      const { type, state_key: key } = change.event;
      return key === '' ? `set ${type}` : `set ${type} of ${key}`;
    }
    case 'invite':
      return `invite ${change.userId}`;
    case 'join':
      return `join ${change.userId}`;
    case 'leave':
      return `let ${change.userId} leave`;
    case 'kick':
      return `remove ${change.userId}`;
  }
}
