// Homeserver operations on the state and the members of rooms.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { StateEvent } from '../domain/matrix.ts';
import type { MatrixClient } from './client.ts';
import { MatrixRefusal } from './client.ts';
import { unlessStatus } from './refusals.ts';

type StateKey = Pick<StateEvent, 'type' | 'state_key'>;

const nothing = z.looseObject({});
const eventIdSchema = z.object({ event_id: z.string() });
const stateEventSchema = z.looseObject({
  type: z.string(),
  state_key: z.string(),
  sender: z.string(),
  content: z.record(z.string(), z.unknown()),
});
const segment = encodeURIComponent;

export type RoomState = readonly z.output<typeof stateEventSchema>[];

/** Creates the operations on a client. */
export function createRoomStates(client: MatrixClient) {
  return {
    /** The whole state of a room the user is in. */
    async roomState(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<RoomState> {
      const path = `/rooms/${segment(roomId)}/state`;
      return client.request(
        { operation: 'read state', method: 'GET', path, as, signal },
        z.array(stateEventSchema),
      );
    },

    /** Sets a state event. If it equals the present one of the same sender, no new event is made. */
    async putState(as: MatrixUserId, roomId: RoomId, event: StateEvent, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/state/${segment(event.type)}/${segment(event.state_key)}`;
      await client.request(
        { operation: 'set state', method: 'PUT', path, as, body: event.content, signal },
        eventIdSchema,
      );
    },

    /**
     * Invites with a state event, because `POST /invite` drops custom content. A user who is in the room already (403) needs no
     * invitation.
     * @param content the whole content of the member event
     */
    async invite(
      as: MatrixUserId,
      roomId: RoomId,
      userId: MatrixUserId,
      signal?: AbortSignal,
      content: Readonly<Record<string, unknown>> = { membership: 'invite' },
    ): Promise<void> {
      const path = `/rooms/${segment(roomId)}/state/m.room.member/${segment(userId)}`;
      await client
        .request({ operation: 'invite', method: 'PUT', path, as, body: content, signal }, eventIdSchema)
        .catch(async (error: unknown) => {
          if (!(error instanceof MatrixRefusal) || error.status !== 403) throw error;
          const member = { type: 'm.room.member', state_key: userId };
          const actual = await stateEventContent(client, as, roomId, member, signal);
          if (actual?.['membership'] !== 'join') throw error;
        });
    },

    /** Joins a room. Success also if the user is in it already. */
    async join(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/join`;
      await client.request({ operation: 'join', method: 'POST', path, as, body: {}, signal }, nothing);
    },

    /** Leaves a room, or declines its invitation. Success also if the user is not in it, or the room is unknown (404). */
    async leave(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/leave`;
      const request = { operation: 'leave', method: 'POST', path, as, body: {}, signal } as const;
      await unlessStatus(403, () => unlessStatus(404, () => client.request(request, nothing)));
    },

    /** Removes a user, or withdraws an invitation. Success also if the user is not in the room any more. */
    async kick(as: MatrixUserId, roomId: RoomId, userId: MatrixUserId, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/kick`;
      const body = { user_id: userId };
      await client
        .request({ operation: 'kick', method: 'POST', path, as, body, signal }, nothing)
        .catch(async (error: unknown) => {
          if (!(error instanceof MatrixRefusal) || error.status !== 403) throw error;
          const member = { type: 'm.room.member', state_key: userId };
          const content = await stateEventContent(client, as, roomId, member, signal);
          if (content?.['membership'] === 'join' || content?.['membership'] === 'invite') throw error;
        });
    },

    /** The content of one state event; undefined when there is none. */
    stateEvent: (as: MatrixUserId, roomId: RoomId, key: StateKey, signal?: AbortSignal) =>
      stateEventContent(client, as, roomId, key, signal),
  };
}

async function stateEventContent(
  client: MatrixClient,
  as: MatrixUserId,
  roomId: RoomId,
  { type, state_key }: StateKey,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const path = `/rooms/${segment(roomId)}/state/${segment(type)}/${segment(state_key)}`;
  return unlessStatus(404, () =>
    client.request({ operation: 'read state event', method: 'GET', path, as, signal }, nothing),
  );
}
