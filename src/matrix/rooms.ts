// The homeserver's operations on rooms as such: making them, their aliases.
import { z } from 'zod';
import type { MatrixUserId, RoomAlias, RoomId } from '../domain/ids.ts';
import type { MatrixClient, MatrixRequest } from './client.ts';
import { unlessStatus } from './refusals.ts';

const nothing = z.looseObject({});
const roomIdSchema = z.string().transform((id) => id as RoomId);
const segment = encodeURIComponent;

/** Creates the operations on a client. */
export function createRooms(client: MatrixClient) {
  return {
    /** Makes a room; throws `M_ROOM_IN_USE` (400) or 409 when the alias is taken. */
    async createRoom(
      as: MatrixUserId,
      body: Readonly<Record<string, unknown>>,
      signal?: AbortSignal,
    ): Promise<RoomId> {
      const answer = await client.request(
        // Room creation is many events: it may take far longer than other requests.
        {
          operation: 'create room',
          method: 'POST',
          path: '/createRoom',
          as,
          body,
          signal,
          timeoutMs: 60_000,
        },
        z.object({ room_id: roomIdSchema }),
      );
      return answer.room_id;
    },

    /** The room behind an alias; undefined when there is none. */
    async resolveAlias(
      as: MatrixUserId,
      alias: RoomAlias,
      signal?: AbortSignal,
    ): Promise<RoomId | undefined> {
      const path = `/directory/room/${segment(alias)}`;
      return unlessStatus(404, async () => {
        const request: MatrixRequest = { operation: 'resolve alias', method: 'GET', path, as, signal };
        return (await client.request(request, z.object({ room_id: roomIdSchema }))).room_id;
      });
    },

    /** Removes an alias; one that is gone is no error. */
    async deleteAlias(as: MatrixUserId, alias: RoomAlias, signal?: AbortSignal): Promise<void> {
      const path = `/directory/room/${segment(alias)}`;
      await unlessStatus(404, () =>
        client.request({ operation: 'delete alias', method: 'DELETE', path, as, signal }, nothing),
      );
    },
  };
}
