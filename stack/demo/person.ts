// A person of the demo and the tests, with a real Matrix client (matrix-js-sdk) of their own.
import { ClientEvent, Direction, EventTimeline, MatrixError, createClient } from 'matrix-js-sdk';
import type { MatrixClient, MatrixEvent, Room } from 'matrix-js-sdk';
import loglevel from 'loglevel';
import type { Logger } from 'matrix-js-sdk/lib/logger.js';
import type { HumanUser } from '../synapse.ts';
import { waitUntil } from '../wait.ts';

/** How long a person waits for something to appear before giving up, in milliseconds. */
const PATIENCE_MS = 60_000;

const nothing = (): void => undefined;
const silent: Logger = {
  ...{ trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing },
  getChild: () => silent,
};

export interface MatrixPerson {
  readonly client: MatrixClient;
  /** Joins a room by alias once an invitation for it has come. @returns the room id */
  readonly join: (alias: string) => Promise<string>;
  /** Sends a text. @returns the event id */
  readonly say: (roomId: string, text: string) => Promise<string>;
  /** Resolves with the first message, seen already or yet to come, whose text is this. */
  readonly hear: (roomId: string, text: string) => Promise<MatrixEvent>;
  /** The texts of a room's messages as the homeserver orders them, oldest first; 500 at most. */
  readonly history: (roomId: string) => Promise<readonly string[]>;
  /** The content of a state event as the client sees it. */
  readonly state: (
    roomId: string,
    type: string,
    stateKey?: string,
  ) => Readonly<Record<string, unknown>> | undefined;
  readonly leaveClient: () => void;
}

/** Parts of the SDK log to children of its global logger, whatever the client is given. */
function silenceGlobalLogger(): void {
  const logger = loglevel.getLogger('matrix');
  logger.methodFactory = () => nothing;
  logger.rebuild();
}

/** Starts a client for a user and waits for its first sync. */
export async function startPerson(homeserverUrl: string, user: HumanUser): Promise<MatrixPerson> {
  silenceGlobalLogger();
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
    async history(roomId) {
      const { chunk } = await client.createMessagesRequest(roomId, null, 500, Direction.Backward);
      const said = chunk.filter((event) => event.type === 'm.room.message');
      return said.map((event) => String(event.content['body'])).reverse();
    },
    async join(alias) {
      const roomId = await resolveWhenThere(client, alias);
      const isSeenAs = (...memberships: readonly string[]) => {
        return () => memberships.includes(roomOf(roomId)?.getMyMembership() ?? '') || undefined;
      };
      await until(client, isSeenAs('invite', 'join'), `an invitation to ${alias}`);
      try {
        await client.joinRoom(alias);
      } catch (error) {
        // Who was removed and is to be invited again may be shown as joined still.
        if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
        await until(client, isSeenAs('invite'), `another invitation to ${alias}`);
        await client.joinRoom(alias);
      }
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
  const look = (): Promise<string | undefined> =>
    client.getRoomIdForAlias(alias).then(
      (answer) => answer.room_id,
      () => undefined,
    );
  return waitUntil(look, { what: `someone makes ${alias}`, timeoutMs: PATIENCE_MS });
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
