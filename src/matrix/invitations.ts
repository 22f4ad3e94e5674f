// The homeserver's operation by which a ghost follows an invitation, also one from another homeserver.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixClient } from './client.ts';
import { unlessStatus } from './refusals.ts';

const joinedSchema = z.looseObject({ room_id: z.string() });
const segment = encodeURIComponent;
/** Over federation a join may take far longer than other requests. */
const TIMEOUT_MS = 60_000;

/** Creates the operation on a client. */
export function createInvitations(client: MatrixClient) {
  return {
    /**
     * Joins a room through a homeserver that is in it; being in it already is success. That the other homeserver cannot
     * be reached just now is an error: the invitation stands.
     * @returns false when the invitation does not stand any more
     */
    async acceptInvitation(
      as: MatrixUserId,
      roomId: RoomId,
      server: string,
      signal?: AbortSignal,
    ): Promise<boolean> {
      const path = `/join/${segment(roomId)}`;
      // `server_name` until Matrix 1.11, `via` since.
      const query = { server_name: server, via: server };
      const request = { operation: 'accept invitation', method: 'POST', path, as, query, body: {} } as const;
      const answer = await unlessStatus(403, () =>
        unlessStatus(404, () => client.request({ ...request, signal, timeoutMs: TIMEOUT_MS }, joinedSchema)),
      );
      return answer !== undefined;
    },
  };
}
