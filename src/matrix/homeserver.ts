// The homeserver's operations that the bridge uses, typed and checked (client-server API v1.19).
import { z } from 'zod';
import type { DeliveryId, EventId, MatrixUserId, RoomAlias, RoomId } from '../domain/ids.ts';
import type { MatrixEvent, StateEvent } from '../domain/matrix.ts';
import type { MatrixClient, MatrixRequest } from './client.ts';
import { BRIDGE_DEVICE, MatrixRefusal } from './client.ts';
import { matrixEventSchema, roomEventSchema } from './event-schema.ts';

const nothing = z.looseObject({});
const roomIdSchema = z.string().transform((id) => id as RoomId);
const eventIdSchema = z.object({ event_id: z.string().transform((id) => id as EventId) });
const messagesSchema = z.object({ chunk: z.array(matrixEventSchema), end: z.string().optional() });
const stateEventSchema = z.looseObject({
  type: z.string(),
  state_key: z.string(),
  sender: z.string(),
  content: z.record(z.string(), z.unknown()),
});
const syncSchema = z.object({
  next_batch: z.string(),
  to_device: z.object({ events: z.array(z.record(z.string(), z.unknown())) }).optional(),
  rooms: z
    .object({
      join: z
        .record(
          z.string(),
          z.object({
            timeline: z
              .object({
                events: z.array(roomEventSchema),
                limited: z.boolean().optional(),
                prev_batch: z.string().optional(),
              })
              .optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

export type SyncAnswer = z.output<typeof syncSchema>;
export type RoomState = readonly z.output<typeof stateEventSchema>[];

/** Only what the reader needs: the timelines of the bot's rooms. */
const SYNC_FILTER = JSON.stringify({
  presence: { not_types: ['*'] },
  account_data: { not_types: ['*'] },
  room: {
    account_data: { not_types: ['*'] },
    ephemeral: { not_types: ['*'] },
    state: { not_types: ['*'] },
    timeline: { limit: 100 },
  },
});

type StateKey = Pick<StateEvent, 'type' | 'state_key'>;

const segment = encodeURIComponent;

/** Creates the operations on a client. Each throws BridgeError; refusals are MatrixRefusal. */
export function createHomeserver(client: MatrixClient) {
  return {
    /** Registers a ghost, if it is not (`M_USER_IN_USE` is success), and gives it its device (MSC4190). */
    async registerGhost(userId: MatrixUserId, signal?: AbortSignal): Promise<void> {
      await register(client, userId, signal);
      await client.request(
        {
          operation: 'create device',
          method: 'PUT',
          path: `/devices/${BRIDGE_DEVICE}`,
          as: userId,
          withDevice: false,
          body: { display_name: 'FHIR-Matrix bridge' },
          signal,
        },
        nothing,
      );
    },

    /** Sets the name a ghost shows. */
    async setDisplayName(userId: MatrixUserId, displayName: string, signal?: AbortSignal): Promise<void> {
      const path = `/profile/${segment(userId)}/displayname`;
      await client.request(
        { operation: 'set display name', method: 'PUT', path, as: userId, body: { displayname: displayName }, signal },
        nothing,
      );
    },

    /** Makes a room; throws `M_ROOM_IN_USE` (400) or 409 when the alias is taken. */
    async createRoom(as: MatrixUserId, body: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<RoomId> {
      const answer = await client.request(
        // Room creation is many events: it may take far longer than other requests.
        { operation: 'create room', method: 'POST', path: '/createRoom', as, body, signal, timeoutMs: 60_000 },
        z.object({ room_id: roomIdSchema }),
      );
      return answer.room_id;
    },

    /** The room behind an alias; undefined when there is none. */
    async resolveAlias(as: MatrixUserId, alias: RoomAlias, signal?: AbortSignal): Promise<RoomId | undefined> {
      const path = `/directory/room/${segment(alias)}`;
      return unlessStatus(404, async () => {
        const request: MatrixRequest = { operation: 'resolve alias', method: 'GET', path, as, signal };
        return (await client.request(request, z.object({ room_id: roomIdSchema }))).room_id;
      });
    },

    /** Removes an alias; one that is gone is no error. */
    async deleteAlias(as: MatrixUserId, alias: RoomAlias, signal?: AbortSignal): Promise<void> {
      const path = `/directory/room/${segment(alias)}`;
      await unlessStatus(404, () =>
        client.request({ operation: 'delete alias', method: 'DELETE', path, as, signal }, nothing),
      );
    },

    /** The whole state of a room the user is in. */
    async roomState(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<RoomState> {
      const path = `/rooms/${segment(roomId)}/state`;
      return client.request({ operation: 'read state', method: 'GET', path, as, signal }, z.array(stateEventSchema));
    },

    /** Sets a state event. An equal one by the same sender makes no new event. */
    async putState(as: MatrixUserId, roomId: RoomId, event: StateEvent, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/state/${segment(event.type)}/${segment(event.state_key)}`;
      await client.request(
        { operation: 'set state', method: 'PUT', path, as, body: event.content, signal },
        eventIdSchema,
      );
    },

    /**
     * Invites by state event, which unlike `POST /invite` keeps custom content. Whoever is in the room already
     * (403) needs no invitation.
     */
    async invite(as: MatrixUserId, roomId: RoomId, userId: MatrixUserId, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/state/m.room.member/${segment(userId)}`;
      await client
        .request({ operation: 'invite', method: 'PUT', path, as, body: { membership: 'invite' }, signal }, eventIdSchema)
        .catch(async (error: unknown) => {
          if (!(error instanceof MatrixRefusal) || error.status !== 403) throw error;
          const member = { type: 'm.room.member', state_key: userId };
          const content = await stateEventContent(client, as, roomId, member, signal);
          if (content?.['membership'] !== 'join') throw error;
        });
    },

    /** Joins a room; being in it already is success. */
    async join(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/join`;
      await client.request({ operation: 'join', method: 'POST', path, as, body: {}, signal }, nothing);
    },

    /** Leaves a room; not being in it is success. */
    async leave(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<void> {
      const path = `/rooms/${segment(roomId)}/leave`;
      await unlessStatus(403, () =>
        client.request({ operation: 'leave', method: 'POST', path, as, body: {}, signal }, nothing),
      );
    },

    /** The content of one state event; undefined when there is none. */
    stateEvent: (as: MatrixUserId, roomId: RoomId, key: StateKey, signal?: AbortSignal) =>
      stateEventContent(client, as, roomId, key, signal),

    /**
     * Sends `m.room.message`. The same delivery id by the same user is the same event for 24 hours.
     * @param timestamp milliseconds since the epoch to show as the time of sending (appservice API, "Timestamp massaging")
     */
    async sendMessage(
      as: MatrixUserId,
      roomId: RoomId,
      message: { deliveryId: DeliveryId; content: Readonly<Record<string, unknown>>; timestamp?: number | undefined },
      signal?: AbortSignal,
    ): Promise<EventId> {
      const { deliveryId, content, timestamp } = message;
      const answer = await client.request(
        {
          operation: 'send message',
          method: 'PUT',
          path: `/rooms/${segment(roomId)}/send/m.room.message/${segment(deliveryId)}`,
          as,
          query: timestamp === undefined ? {} : { ts: timestamp },
          body: content,
          signal,
        },
        eventIdSchema,
      );
      return answer.event_id;
    },

    /**
     * A page of a room's events, newest first.
     * @param from where to begin; the room's end when undefined
     * @param to where to stop
     */
    async messagesBefore(
      as: MatrixUserId,
      roomId: RoomId,
      { from, to }: { from?: string | undefined; to?: string | undefined },
      signal?: AbortSignal,
    ): Promise<{ events: readonly MatrixEvent[]; end: string | undefined }> {
      const query = { dir: 'b', limit: 100, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
      const path = `/rooms/${segment(roomId)}/messages`;
      const request: MatrixRequest = { operation: 'read messages', method: 'GET', path, as, query, signal };
      const { chunk, end } = await client.request(request, messagesSchema);
      return { events: chunk, end };
    },

    /** What happened in the user's rooms since a token; without one, where now is. */
    async sync(as: MatrixUserId, since: string | undefined, signal?: AbortSignal): Promise<SyncAnswer> {
      const query = {
        filter: SYNC_FILTER,
        timeout: 0,
        set_presence: 'offline',
        ...(since !== undefined && { since }),
      };
      return client.request(
        { operation: 'sync', method: 'GET', path: '/sync', as, query, signal, timeoutMs: 60_000 },
        syncSchema,
      );
    },

    /** Asks the homeserver to ping the bridge; a success also ends its back-off (Synapse 1.132). */
    async ping(as: MatrixUserId, appserviceId: string, signal?: AbortSignal): Promise<number> {
      const answer = await client.request(
        {
          operation: 'ping',
          method: 'POST',
          prefix: '/_matrix/client/v1',
          path: `/appservice/${segment(appserviceId)}/ping`,
          as,
          body: { transaction_id: 'ping' },
          signal,
        },
        z.object({ duration_ms: z.number() }),
      );
      return answer.duration_ms;
    },
  };
}

export type Homeserver = ReturnType<typeof createHomeserver>;

async function register(client: MatrixClient, userId: MatrixUserId, signal?: AbortSignal): Promise<void> {
  const username = userId.slice(1, userId.indexOf(':'));
  const body = { type: 'm.login.application_service', username, inhibit_login: true };
  try {
    await client.request(
      { operation: 'register', method: 'POST', path: '/register', as: userId, withDevice: false, body, signal },
      nothing,
    );
  } catch (error) {
    if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_USER_IN_USE') throw error;
  }
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

async function unlessStatus<T>(status: number, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MatrixRefusal && error.status === status) return undefined;
    throw error;
  }
}
