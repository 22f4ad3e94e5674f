// Homeserver operations on the directory: the aliases of rooms, and which rooms are listed for all to see.
import { z } from 'zod';
import type { MatrixUserId, RoomAlias, RoomId } from '../domain/ids.ts';
import { success, unlessRefused, type MatrixClient } from './client.ts';
import { roomIdSchema } from './rooms.ts';

const visibilitySchema = z.object({ visibility: z.string() });

/** Creates the operations on a client. */
export function createRoomDirectory(client: MatrixClient) {
  return {
    /** The room behind an alias; undefined when there is none. */
    async resolveAlias(
      as: MatrixUserId,
      alias: RoomAlias,
      signal?: AbortSignal,
    ): Promise<RoomId | undefined> {
      const found = client.get('resolve alias', ['directory', 'room', alias], roomIdSchema, { as, signal });
      return (await unlessRefused(found, 404))?.room_id;
    },

    /** Gives a room an alias. If the alias is taken (409), nothing changes. */
    async createAlias(
      as: MatrixUserId,
      alias: RoomAlias,
      roomId: RoomId,
      signal?: AbortSignal,
    ): Promise<void> {
      const request = { as, body: { room_id: roomId }, signal };
      await unlessRefused(client.put('create alias', ['directory', 'room', alias], success, request), 409);
    },

    /**
     * Whether a room stands in the homeserver's public directory.
     * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directorylistroomroomid
     */
    async isListed(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<boolean> {
      const path = ['directory', 'list', 'room', roomId];
      const found = client.get('read directory', path, visibilitySchema, { as, signal });
      return (await unlessRefused(found, 404))?.visibility === 'public';
    },

    /** Takes a room off the public directory. Success also if it is not there. */
    async unlist(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<void> {
      const request = { as, body: { visibility: 'private' }, signal };
      await client.put('unlist', ['directory', 'list', 'room', roomId], success, request);
    },

    /** Removes an alias. Success also if there is none. */
    async deleteAlias(as: MatrixUserId, alias: RoomAlias, signal?: AbortSignal): Promise<void> {
      const path = ['directory', 'room', alias];
      await unlessRefused(client.delete('delete alias', path, success, { as, signal }), 404);
    },
  };
}
