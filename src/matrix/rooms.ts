// The homeserver's operations on rooms as such: making them, entering those of others, their aliases.
import { z } from 'zod';
import type { MatrixUserId, RoomAlias, RoomId } from '../domain/ids.ts';
import type { MatrixClient, MatrixRequest } from './client.ts';
import { MatrixRefusal } from './client.ts';
import { unlessStatus } from './refusals.ts';

const nothing = z.looseObject({});
const roomIdSchema = z.string().transform((id) => id as RoomId);
const segment = encodeURIComponent;

/** Refusals of a join that last: not allowed in, no such room, a room version unknown here, no server that answers. */
const NOT_OPEN: ReadonlySet<number> = new Set([400, 403, 404, 502, 504]);

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

    /** Tells whether the user is in a room; of one they were never in, nothing is told (403). */
    async isJoined(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<boolean> {
      const path = `/rooms/${segment(roomId)}/state/m.room.member/${segment(as)}`;
      const request: MatrixRequest = { operation: 'read state event', method: 'GET', path, as, signal };
      const read = () => client.request(request, z.looseObject({ membership: z.string() }));
      const member = await unlessStatus(403, () => unlessStatus(404, read));
      return member?.membership === 'join';
    },

    /**
     * Joins a room that another may have made, maybe on another homeserver; being in it already is success.
     * @param servers those through which it is reached
     * @returns false when it is not open to the user
     */
    async joinThrough(
      as: MatrixUserId,
      roomId: RoomId,
      servers: readonly string[],
      signal?: AbortSignal,
    ): Promise<boolean> {
      const path = `/join/${segment(roomId)}`;
      // `server_name` until Matrix 1.11, `via` since.
      const query = { server_name: servers, via: servers };
      // Over federation a join may take far longer than other requests.
      const timeoutMs = 60_000;
      try {
        await client.request(
          { operation: 'join', method: 'POST', path, as, query, body: {}, signal, timeoutMs },
          nothing,
        );
        return true;
      } catch (error) {
        if (error instanceof MatrixRefusal && NOT_OPEN.has(error.status)) return false;
        throw error;
      }
    },
  };
}

/** Creates the operations on aliases. */
export function createAliases(client: MatrixClient) {
  return {
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

    /** Gives a room an alias; one that is taken stays with whom it belongs to (409). */
    async createAlias(
      as: MatrixUserId,
      alias: RoomAlias,
      roomId: RoomId,
      signal?: AbortSignal,
    ): Promise<void> {
      const path = `/directory/room/${segment(alias)}`;
      const body = { room_id: roomId };
      await unlessStatus(409, () =>
        client.request({ operation: 'create alias', method: 'PUT', path, as, body, signal }, nothing),
      );
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
