// A user's client and a care platform that go on asking until their server has taken what they say, however often it fails.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Resource } from './demo/platform.ts';

/** How long a server may be away, in milliseconds. */
const PATIENCE_MS = 300_000;

/** A client of a user. */
export interface UserClient {
  readonly userId: string;
  /** Sends an event; the same transaction id is taken once. @returns the event id */
  send(roomId: string, type: string, content: object): Promise<string>;
  redact(roomId: string, eventId: string): Promise<string>;
  /** Has read all up to an event. */
  read(roomId: string, eventId: string): Promise<void>;
  /** @returns the `mxc:` address */
  upload(bytes: Buffer, type: string): Promise<string>;
  download(mxc: string): Promise<Buffer>;
  /** Joins a room by its alias, once it is there and the user may. @returns the room id */
  join(alias: string): Promise<string>;
  /** All events of a room, oldest first. */
  history(roomId: string): Promise<readonly RoomEvent[]>;
}

const roomEventSchema = z.looseObject({
  event_id: z.string(),
  sender: z.string(),
  origin_server_ts: z.number(),
  type: z.string(),
  content: z.looseObject({}),
});
/** An event as the homeserver shows it. */
export type RoomEvent = z.infer<typeof roomEventSchema>;
const pageSchema = z.object({ chunk: z.array(roomEventSchema), end: z.string().optional() });

/** Creates the client of a user who is logged in. */
export function createUserClient(
  homeserverUrl: string,
  { userId, accessToken }: { readonly userId: string; readonly accessToken: string },
): UserClient {
  const authorization = `Bearer ${accessToken}`;
  const call = (method: string, path: string, body?: object): Promise<unknown> =>
    untilTaken(async () => {
      const response = await fetch(`${homeserverUrl}/_matrix/client/v3/${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(20_000),
      });
      return (await taken(response)).json();
    });
  const sendAt = async (path: string, content: object): Promise<string> =>
    z.object({ event_id: z.string() }).parse(await call('PUT', `${path}/${nextId()}`, content)).event_id;

  return {
    userId,
    send: (roomId, type, content) => sendAt(`rooms/${encodeURIComponent(roomId)}/send/${type}`, content),
    redact: (roomId, eventId) =>
      sendAt(`rooms/${encodeURIComponent(roomId)}/redact/${encodeURIComponent(eventId)}`, {}),
    async read(roomId, eventId) {
      const [room, event] = [encodeURIComponent(roomId), encodeURIComponent(eventId)];
      await call('POST', `rooms/${room}/receipt/m.read/${event}`, {});
    },
    async upload(bytes, type) {
      const answer = await untilTaken(async () => {
        const response = await fetch(`${homeserverUrl}/_matrix/media/v3/upload`, {
          method: 'POST',
          headers: { authorization, 'content-type': type },
          body: Uint8Array.from(bytes),
        });
        return (await taken(response)).json();
      });
      return z.object({ content_uri: z.string() }).parse(answer).content_uri;
    },
    download: (mxc) =>
      untilTaken(async () => {
        const path = mxc.replace('mxc://', '');
        const response = await fetch(`${homeserverUrl}/_matrix/client/v1/media/download/${path}`, {
          headers: { authorization },
        });
        return Buffer.from(await (await taken(response)).arrayBuffer());
      }),
    async join(alias) {
      const answer = await call('POST', `join/${encodeURIComponent(alias)}`, {});
      return z.object({ room_id: z.string() }).parse(answer).room_id;
    },
    history: (roomId) => readHistory((path) => call('GET', path), roomId),
  };
}

async function readHistory(
  get: (path: string) => Promise<unknown>,
  roomId: string,
): Promise<readonly RoomEvent[]> {
  const path = `rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=500`;
  const events: RoomEvent[] = [];
  let page = pageSchema.parse(await get(path));
  events.push(...page.chunk);
  while (page.end !== undefined && page.chunk.length > 0) {
    page = pageSchema.parse(await get(`${path}&from=${page.end}`));
    events.push(...page.chunk);
  }
  return events.reverse();
}

/** A care platform. */
export interface PatientPlatform {
  put(resource: Resource & { readonly id: string }): Promise<void>;
  remove(reference: string): Promise<void>;
  read(path: string): Promise<Resource>;
  /**
   * Changes a resource, as one that takes care not to overwrite what others wrote meanwhile.
   * @param change makes the new version from the latest one
   */
  change(reference: string, change: (latest: Resource) => Resource): Promise<void>;
}

const metaSchema = z.object({ versionId: z.string() });

/** Creates a platform on a FHIR server. */
export function createPatientPlatform(fhirUrl: string): PatientPlatform {
  const call = async (method: string, path: string, body?: Resource, ifMatch?: string): Promise<Response> =>
    fetch(`${fhirUrl}/${path}`, {
      method,
      headers: {
        ...{ 'content-type': 'application/fhir+json', 'cache-control': 'no-cache' },
        ...(ifMatch !== undefined && { 'if-match': `W/"${ifMatch}"` }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
  const read = (path: string): Promise<Resource> =>
    untilTaken(async () => (await (await taken(await call('GET', path))).json()) as Resource);
  return {
    read,
    async put(resource) {
      const path = `${resource.resourceType}/${resource.id}`;
      await untilTaken(() => call('PUT', path, resource).then(taken));
    },
    async remove(reference) {
      await untilTaken(() => call('DELETE', reference).then(taken));
    },
    async change(reference, change) {
      await untilTaken(async () => {
        const latest = await read(reference);
        const { versionId } = metaSchema.parse(latest['meta']);
        await taken(await call('PUT', reference, change(latest), versionId));
      });
    },
  };
}

async function taken(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
}

async function untilTaken<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

let lastId = 0;
function nextId(): string {
  lastId += 1;
  return `t${Date.now()}-${lastId}`;
}
