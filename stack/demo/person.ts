// A person of the demo and the tests, with a real Matrix client (matrix-js-sdk) of their own.
import { ClientEvent, EventTimeline, createClient } from 'matrix-js-sdk';
import type { MatrixClient, MatrixEvent, Room } from 'matrix-js-sdk';
import type { Logger } from 'matrix-js-sdk/lib/logger.js';
import type { HumanUser } from '../synapse.ts';

/** How long a person waits for something to appear before giving up, in milliseconds. */
const PATIENCE_MS = 30_000;

const nothing = (): void => undefined;
const silent: Logger = {
  ...{ trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing },
  getChild: () => silent,
};

export interface MatrixPerson {
  readonly client: MatrixClient;
  /** Joins a room by alias once an invitation for it has come. @returns the room id */
  join(alias: string): Promise<string>;
  /** Sends a text. @returns the event id */
  say(roomId: string, text: string): Promise<string>;
  /** Resolves with the first message, seen already or yet to come, whose text is this. */
  hear(roomId: string, text: string): Promise<MatrixEvent>;
  /** All messages of a room that the client has, oldest first. */
  messages(roomId: string): readonly MatrixEvent[];
  /** The content of a state event as the client sees it. */
  state(roomId: string, type: string, stateKey?: string): Readonly<Record<string, unknown>> | undefined;
  leaveClient(): void;
}

/** Starts a client for a user and waits for its first sync. */
export async function startPerson(homeserverUrl: string, user: HumanUser): Promise<MatrixPerson> {
  const client = createClient({
    baseUrl: homeserverUrl,
    userId: user.userId,
    accessToken: user.accessToken,
    deviceId: user.deviceId,
    logger: silent,
  });
  const synced = until(client, () => client.isInitialSyncComplete() || undefined, 'the first sync');
  await client.startClient({ initialSyncLimit: 500, pollTimeout: 10_000 });
  await synced;

  const roomOf = (roomId: string): Room | undefined => client.getRoom(roomId) ?? undefined;
  const messages = (roomId: string): readonly MatrixEvent[] =>
    (roomOf(roomId)?.getLiveTimeline().getEvents() ?? []).filter(
      (event) => event.getType() === 'm.room.message',
    );
  return {
    client,
    messages,
    async join(alias) {
      const roomId = await resolveWhenThere(client, alias);
      const invited = (): true | undefined =>
        ['invite', 'join'].includes(roomOf(roomId)?.getMyMembership() ?? '') || undefined;
      await until(client, invited, `an invitation to ${alias}`);
      await client.joinRoom(alias);
      return roomId;
    },
    async say(roomId, text) {
      return (await client.sendTextMessage(roomId, text)).event_id;
    },
    hear: (roomId, text) =>
      until(
        client,
        () => messages(roomId).find((event) => event.getContent()['body'] === text && event.status === null),
        `the message “${text}”`,
      ),
    state: (roomId, type, stateKey = '') =>
      roomOf(roomId)
        ?.getLiveTimeline()
        .getState(EventTimeline.FORWARDS)
        ?.getStateEvents(type, stateKey)
        ?.getContent(),
    leaveClient() {
      client.stopClient();
    },
  };
}

/** An alias is there when the bridge has made its room; the directory has no event for it, so it is asked. */
async function resolveWhenThere(client: MatrixClient, alias: string): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return (await client.getRoomIdForAlias(alias)).room_id;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`Nobody made ${alias}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Looks now and after every sync, until `look` finds something. */
async function until<T>(client: MatrixClient, look: () => T | undefined, what: string): Promise<T> {
  const found = look();
  if (found !== undefined) return found;
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      client.off(ClientEvent.Sync, check);
      reject(new Error(`Waited ${PATIENCE_MS / 1000} s for ${what}`));
    }, PATIENCE_MS);
    function check(): void {
      const now = look();
      if (now === undefined) return;
      clearTimeout(timer);
      client.off(ClientEvent.Sync, check);
      resolve(now);
    }
    client.on(ClientEvent.Sync, check);
  });
}
