// The homeserver's operations by which a ghost answers an invitation, also one from another homeserver.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixClient } from './client.ts';
import { unlessStatus } from './refusals.ts';

const nothing = z.looseObject({});
const segment = encodeURIComponent;
/** A join over federation waits for another homeserver to answer. */
const TIMEOUT_MS = 60_000;

/** Creates the operations on a client. */
export function createInvitations(client: MatrixClient) {
  return {
    /**
     * Joins a room through a homeserver that is in it; being in it already is success.
     * @returns false when the invitation does not stand any more
     */
    async acceptInvitation(
      as: MatrixUserId,
      roomId: RoomId,
      via: string,
      signal?: AbortSignal,
    ): Promise<boolean> {
      const path = `/join/${segment(roomId)}`;
      // `server_name` is what `via` was called until v1.12 of the specification.
      const query = { via, server_name: via };
      const request = { operation: 'accept invitation', method: 'POST', path, as, query, body: {} } as const;
      const answer = await unlessStatus(403, () =>
        unlessStatus(404, () => client.request({ ...request, signal, timeoutMs: TIMEOUT_MS }, nothing)),
      );
      return answer !== undefined;
    },

    /** Declines an invitation; one that does not stand any more is success. */
    async declineInvitation(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/leave`;
      const request = { operation: 'decline invitation', method: 'POST', path, as, body: {} } as const;
      await unlessStatus(403, () =>
        unlessStatus(404, () => client.request({ ...request, signal, timeoutMs: TIMEOUT_MS }, nothing)),
      );
    },
  };
}
