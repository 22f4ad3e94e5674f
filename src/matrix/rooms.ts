// Homeserver operations on rooms: creating them, joining rooms of others.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import { success, unlessRefused, type MatrixClient } from './client.ts';

const capabilitiesSchema = z.object({
  capabilities: z.object({ 'm.room_versions': z.object({ default: z.string().min(1) }) }),
});
/** An answer with a room's id. */
export const roomIdSchema = z.object({ room_id: z.string().transform((id) => id as RoomId) });

/** Refusals of a join that are final: not allowed, no such room, unknown room version, no server answers. */
const NOT_OPEN = [400, 403, 404, 502, 504];
/** The creation of a room makes many events, and a join over federation asks other servers. */
const TIMEOUT_MS = 60_000;

/** Creates the operations on a client. */
export function createRooms(client: MatrixClient) {
  return {
    /**
     * The room version that the homeserver announces as its default.
     * https://spec.matrix.org/v1.19/client-server-api/#mroom_versions-capability
     */
    async defaultRoomVersion(as: MatrixUserId, signal?: AbortSignal): Promise<string> {
      const request = { as, signal };
      const answer = await client.get('read capabilities', ['capabilities'], capabilitiesSchema, request);
      return answer.capabilities['m.room_versions'].default;
    },

    /** Creates a room. Throws MatrixRefusal `M_ROOM_IN_USE` (400), or 409, when the alias is taken. */
    async createRoom(
      as: MatrixUserId,
      body: Readonly<Record<string, unknown>>,
      signal?: AbortSignal,
    ): Promise<RoomId> {
      const request = { as, body, signal, timeoutMs: TIMEOUT_MS };
      return (await client.post('create room', ['createRoom'], roomIdSchema, request)).room_id;
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
      // `via` replaced `server_name` in Matrix 1.12.
      const query = { server_name: servers, via: servers };
      const request = { as, query, body: {}, signal, timeoutMs: TIMEOUT_MS };
      const joined = client.post('join', ['join', roomId], success, request);
      return (await unlessRefused(joined, ...NOT_OPEN)) !== undefined;
    },
  };
}
