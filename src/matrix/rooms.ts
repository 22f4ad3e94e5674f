// Homeserver operations on rooms: creating them, joining rooms of others, aliases.
import { z } from 'zod';
import type { MatrixUserId, RoomAlias, RoomId } from '../domain/ids.ts';
import type { MatrixClient, MatrixRequest } from './client.ts';
import { MatrixRefusal } from './client.ts';
import { unlessStatus } from './refusals.ts';

const nothing = z.looseObject({});
const roomIdSchema = z.string().transform((id) => id as RoomId);
const segment = encodeURIComponent;

/** Refusals of a join that are final: not allowed, no such room, unknown room version, no server answers. */
const NOT_OPEN: ReadonlySet<number> = new Set([400, 403, 404, 502, 504]);

/** Creates the operations on a client. */
export function createRooms(client: MatrixClient) {
  return {
    /** Creates a room. Throws MatrixRefusal `M_ROOM_IN_USE` (400), or 409, when the alias is taken. */
    async createRoom(
      as: MatrixUserId,
      body: Readonly<Record<string, unknown>>,
      signal?: AbortSignal,
    ): Promise<RoomId> {
      const answer = await client.request(
        // The creation makes many events, so it can take much longer than other requests.
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

    /** Whether the user is in a room. The homeserver answers 403 if they never were. */
    async isJoined(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<boolean> {
      const path = `/rooms/${segment(roomId)}/state/m.room.member/${segment(as)}`;
      const request: MatrixRequest = { operation: 'read state event', method: 'GET', path, as, signal };
      const read = () => client.request(request, z.looseObject({ membership: z.string() }));
      const member = await unlessStatus(403, () => unlessStatus(404, read));
      return member?.membership === 'join';
    },

    /**
     * Joins a room of another user, perhaps on another homeserver. Success also if the user is in it already.
     * @param servers homeservers that are in the room
     * @returns false when the user may not join
     */
    async joinThrough(
      as: MatrixUserId,
      roomId: RoomId,
      servers: readonly string[],
      signal?: AbortSignal,
    ): Promise<boolean> {
      const path = `/join/${segment(roomId)}`;
      // `via` replaced `server_name` in Matrix 1.12.
      const query = { server_name: servers, via: servers };
      // A join over federation can take much longer than other requests.
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

    /** Gives a room an alias. If the alias is taken (409), nothing changes. */
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

    /** Removes an alias. Success also if there is none. */
    async deleteAlias(as: MatrixUserId, alias: RoomAlias, signal?: AbortSignal): Promise<void> {
      const path = `/directory/room/${segment(alias)}`;
      await unlessStatus(404, () =>
        client.request({ operation: 'delete alias', method: 'DELETE', path, as, signal }, nothing),
      );
    },
  };
}
