// Homeserver operations on the state and the members of rooms.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { StateEvent } from '../domain/matrix.ts';
import { isRefusal, success, unlessRefused, type MatrixClient } from './client.ts';

type StateKey = Pick<StateEvent, 'type' | 'state_key'>;

const eventIdSchema = z.object({ event_id: z.string() });
const stateEventSchema = z.looseObject({
  type: z.string(),
  state_key: z.string(),
  sender: z.string(),
  content: z.record(z.string(), z.unknown()),
});

export type RoomState = readonly z.output<typeof stateEventSchema>[];

/** Creates the operations on a client. */
export function createRoomStates(client: MatrixClient) {
  return {
    /** The content of one state event; undefined when there is none. */
    stateEvent(as: MatrixUserId, roomId: RoomId, key: StateKey, signal?: AbortSignal) {
      const path = ['rooms', roomId, 'state', key.type, key.state_key];
      return unlessRefused(client.get('read state event', path, success, { as, signal }), 404);
    },

    /** The whole state of a room the user is in. */
    async roomState(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<RoomState> {
      const schema = z.array(stateEventSchema);
      return client.get('read state', ['rooms', roomId, 'state'], schema, { as, signal });
    },

    /** Sets a state event. If it equals the present one of the same sender, no new event is made. */
    async putState(as: MatrixUserId, roomId: RoomId, event: StateEvent, signal?: AbortSignal): Promise<void> {
      const path = ['rooms', roomId, 'state', event.type, event.state_key];
      await client.put('set state', path, eventIdSchema, { as, body: event.content, signal });
    },

    /** Whether the user is in a room. The homeserver answers 403 if they never were. */
    async isJoined(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<boolean> {
      const path = ['rooms', roomId, 'state', 'm.room.member', as];
      const schema = z.looseObject({ membership: z.string() });
      const member = await unlessRefused(
        client.get('read state event', path, schema, { as, signal }),
        403,
        404,
      );
      return member?.membership === 'join';
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
      const path = ['rooms', roomId, 'state', 'm.room.member', userId];
      try {
        await client.put('invite', path, eventIdSchema, { as, body: content, signal });
      } catch (error) {
        if (!isRefusal(error, 403)) throw error;
        if ((await membershipOf(client, userId, { as, roomId, signal })) !== 'join') throw error;
      }
    },

    /** Joins a room. Success also if the user is in it already. */
    async join(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<void> {
      await client.post('join', ['rooms', roomId, 'join'], success, { as, body: {}, signal });
    },

    /** Leaves a room, or declines its invitation. Success also if the user is not in it, or the room is unknown (404). */
    async leave(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<void> {
      const left = client.post('leave', ['rooms', roomId, 'leave'], success, { as, body: {}, signal });
      await unlessRefused(left, 403, 404);
    },

    /** Removes a user, or withdraws an invitation. Success also if the user is not in the room any more. */
    async kick(as: MatrixUserId, roomId: RoomId, userId: MatrixUserId, signal?: AbortSignal): Promise<void> {
      try {
        const request = { as, body: { user_id: userId }, signal };
        await client.post('kick', ['rooms', roomId, 'kick'], success, request);
      } catch (error) {
        if (!isRefusal(error, 403)) throw error;
        const membership = await membershipOf(client, userId, { as, roomId, signal });
        if (membership === 'join' || membership === 'invite') throw error;
      }
    },
  };
}

async function membershipOf(
  client: MatrixClient,
  userId: MatrixUserId,
  { as, roomId, signal }: { as: MatrixUserId; roomId: RoomId; signal: AbortSignal | undefined },
): Promise<unknown> {
  const path = ['rooms', roomId, 'state', 'm.room.member', userId];
  const member = await unlessRefused(client.get('read state event', path, success, { as, signal }), 404);
  return member?.['membership'];
}
