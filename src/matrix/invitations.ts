// Homeserver operations on the invitations of a user: accepting one, also from another homeserver, and listing them.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import { unlessRefused, type MatrixClient } from './client.ts';
import { strippedEventSchema, wellFormed } from './event-schema.ts';

const joinedSchema = z.looseObject({ room_id: z.string() });
/** Simplified sliding sync, under the name that Synapse knows. https://github.com/matrix-org/matrix-spec-proposals/pull/4186 */
const SLIDING_SYNC = '/_matrix/client/unstable/org.matrix.simplified_msc3575';
const INVITATIONS = {
  ranges: [[0, 99]],
  filters: { is_invite: true },
  timeline_limit: 0,
  required_state: [],
};
const invitedRoomSchema = z.object({ invite_state: wellFormed(strippedEventSchema).optional() });
const roomsSchema = z.object({ rooms: z.record(z.string(), invitedRoomSchema).optional() });

/** An invitation as the invited user sees it: without event id. */
export interface Invitation {
  readonly roomId: RoomId;
  readonly userId: MatrixUserId;
  readonly sender: MatrixUserId;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Finds the invitation of a user in the stripped state of a room. */
export function invitationIn(
  roomId: string,
  userId: MatrixUserId,
  state: readonly z.output<typeof strippedEventSchema>[],
): Invitation | undefined {
  const event = state.find(({ type, state_key }) => type === 'm.room.member' && state_key === userId);
  if (event?.content['membership'] !== 'invite') return undefined;
  return { roomId: roomId as RoomId, userId, sender: event.sender, content: event.content };
}

/** A join over federation can take much longer than other requests. */
const TIMEOUT_MS = 60_000;

/** Creates the operations on a client. */
export function createInvitations(client: MatrixClient) {
  return {
    /**
     * Joins a room through a homeserver that is in it. Success also if the user is in it already. If the other homeserver
     * cannot be reached, that is an error: the invitation is still valid.
     * @returns false when the invitation is not valid any more
     */
    async acceptInvitation(
      as: MatrixUserId,
      roomId: RoomId,
      server: string,
      signal?: AbortSignal,
    ): Promise<boolean> {
      // `via` replaced `server_name` in Matrix 1.12.
      const query = { server_name: server, via: server };
      const request = { as, query, body: {}, signal, timeoutMs: TIMEOUT_MS };
      const joined = client.post('accept invitation', ['join', roomId], joinedSchema, request);
      return (await unlessRefused(joined, 403, 404)) !== undefined;
    },

    /**
     * The newest open invitations of a user, at most 100. The cost does not depend on the number of the user's rooms.
     * @returns undefined when the homeserver has no sliding sync
     */
    async pendingInvitations(
      as: MatrixUserId,
      signal?: AbortSignal,
    ): Promise<readonly Invitation[] | undefined> {
      const body = { conn_id: 'invitations', lists: { invitations: INVITATIONS } };
      const request = { as, body, prefix: SLIDING_SYNC, query: { timeout: 0 }, signal };
      const answer = await unlessRefused(
        client.post('read invitations', ['sync'], roomsSchema, request),
        404,
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
