// The homeserver's operations on invitations of a ghost: following one, also from another homeserver, and asking which stand.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixClient } from './client.ts';
import { strippedEventSchema, wellFormed } from './event-schema.ts';
import { unlessStatus } from './refusals.ts';

const joinedSchema = z.looseObject({ room_id: z.string() });
const segment = encodeURIComponent;
/** Simplified sliding sync (MSC4186), by the name that Synapse knows. */
const SLIDING_SYNC = '/_matrix/client/unstable/org.matrix.simplified_msc3575';
const INVITATIONS = {
  ranges: [[0, 99]],
  filters: { is_invite: true },
  timeline_limit: 0,
  required_state: [],
};
const roomsSchema = z.object({
  rooms: z
    .record(z.string(), z.object({ invite_state: wellFormed(strippedEventSchema).optional() }))
    .optional(),
});

/** An invitation as the invited user sees it; it has no event id. */
export interface Invitation {
  readonly roomId: RoomId;
  readonly userId: MatrixUserId;
  /** Who invited. */
  readonly sender: MatrixUserId;
  readonly content: Readonly<Record<string, unknown>>;
}

/** The invitation of a user among the state that the invited see of a room. */
export function invitationIn(
  roomId: string,
  userId: MatrixUserId,
  state: readonly z.output<typeof strippedEventSchema>[],
): Invitation | undefined {
  const event = state.find(({ type, state_key }) => type === 'm.room.member' && state_key === userId);
  if (event?.content['membership'] !== 'invite') return undefined;
  return { roomId: roomId as RoomId, userId, sender: event.sender, content: event.content };
}

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

    /**
     * The newest invitations of a user that stand, 100 at most. It costs the same however many rooms the user is in.
     * @returns undefined from a homeserver that cannot be asked so
     */
    async standingInvitations(
      as: MatrixUserId,
      signal?: AbortSignal,
    ): Promise<readonly Invitation[] | undefined> {
      const body = { conn_id: 'invitations', lists: { invitations: INVITATIONS } };
      const request = { operation: 'read invitations', method: 'POST', path: '/sync', as, body } as const;
      const answer = await unlessStatus(404, () =>
        client.request({ ...request, prefix: SLIDING_SYNC, query: { timeout: 0 }, signal }, roomsSchema),
      );
      return (
        answer &&
        Object.entries(answer.rooms ?? {}).flatMap(
          ([roomId, { invite_state: state = [] }]) => invitationIn(roomId, as, state) ?? [],
        )
      );
    },
  };
}
