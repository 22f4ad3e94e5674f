// The homeserver operation that tells in which rooms a user is or was.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixClient } from './client.ts';

const roomsSchema = z.record(z.string(), z.unknown()).optional();
const answerSchema = z.object({
  rooms: z.object({ join: roomsSchema, invite: roomsSchema, leave: roomsSchema }).optional(),
});

/** The first answer of /sync, with all rooms of a user, takes the homeserver a while. */
const TIMEOUT_MS = 60_000;

const NOTHING = { not_types: ['*'] };
/** One event of each room: a room without any is left out of the answer. */
const FILTER = JSON.stringify({
  event_fields: ['event_id'],
  ...{ presence: NOTHING, account_data: NOTHING },
  room: {
    include_leave: true,
    ...{ account_data: NOTHING, state: NOTHING, ephemeral: NOTHING },
    timeline: { limit: 1 },
  },
});

/** Creates the operations on a client. */
export function createPastRooms(client: Pick<MatrixClient, 'get'>) {
  return {
    /**
     * The rooms that a user is in, is invited to, or has left.
     * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync
     */
    async roomsEver(as: MatrixUserId, signal?: AbortSignal): Promise<readonly RoomId[]> {
      const query = { filter: FILTER, timeout: 0, set_presence: 'offline' };
      const request = { as, query, signal, timeoutMs: TIMEOUT_MS };
      const { rooms } = await client.get('list rooms', ['sync'], answerSchema, request);
      const all = [rooms?.join, rooms?.invite, rooms?.leave].flatMap((some) => Object.keys(some ?? {}));
      return [...new Set(all)].map((id) => id as RoomId);
    },
  };
}
