// The scene in which mutants appear: people, a team, and a conversation for each kind of event, all in Matrix and known to the bridge.
import { z } from 'zod';
import { waitUntil } from '../../../stack/wait.ts';
import { EVENTS, type EventExample, type Known } from './examples/events.ts';
import { conversation, idAt, NURSE, RESOURCES, STEADY, team } from './examples/resources.ts';
import type { PipelineExample } from './mutants.ts';
import { SERVER, type World } from './world.ts';

/** How large the scene is. */
export interface SceneSize {
  /** Conversations of people who are changed. */
  readonly places: number;
  /** Whether each kind of event has a room of its own, so that all are worked on side by side. */
  readonly hasRoomForEach: boolean;
}

/** For many mutants, and for few. */
export const LARGE: SceneSize = { places: 25, hasRoomForEach: true };
export const SMALL: SceneSize = { places: 2, hasRoomForEach: false };

/** The scene. */
export interface Scene {
  /** Where an event happens. */
  readonly roomOf: (example: EventExample) => string;
  /** What it may name there. */
  readonly knownIn: (example: EventExample) => Known;
  readonly places: number;
  /** Rooms in which people talk on, each with the id of its CommunicationRequest. */
  readonly conversations: ReadonlyMap<string, string>;
  readonly nurse: Nurse;
}

const roomSchema = z.object({ room_id: z.string() });
const heardSchema = z.object({ chunk: z.array(z.unknown()) });
const saidSchema = z.object({ content: z.object({ body: z.string() }) });
const sentSchema = z.object({ event_id: z.string() });
const uploadedSchema = z.object({ content_uri: z.string() });
/** A picture of one pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** The id of the team or conversation in which an example happens. */
function structureOf({ name, place, changesRoom }: EventExample, { hasRoomForEach }: SceneSize): string {
  const prefix = place === 'space' ? 'space' : 'room';
  return `${prefix}-${hasRoomForEach || changesRoom === true ? slugOf(name) : 'shared'}`;
}

/** A name as a part of ids. */
export function slugOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '-');
}

/** Builds it. @param isUsed of which examples there is to be a room */
export async function buildScene(
  { homeserver, fhir }: Pick<World, 'homeserver' | 'fhir'>,
  isUsed: (example: PipelineExample) => boolean,
  size: SceneSize,
): Promise<Scene> {
  const nurse = homeserver.addUser('nurse');
  if (nurse.userId !== NURSE) throw new TypeError(`Expected ${NURSE}`);
  const client = createNurse(homeserver.url, nurse.accessToken);
  const put = ({ resourceType, id, ...rest }: Readonly<Record<string, unknown>>): void => {
    fhir.store.put(String(resourceType), String(id), JSON.parse(JSON.stringify(rest)) as never);
  };
  for (const each of [...STEADY, team('team')]) put(each);
  const happening = EVENTS.filter((example) => isUsed(example) && example.place !== 'elsewhere');
  for (const example of happening) {
    const id = structureOf(example, size);
    put(example.place === 'space' ? team(id) : conversation(id));
  }
  if (RESOURCES.some(isUsed)) putPlaces(put, size.places);
  const file = await client.upload(PNG);
  const rooms = new Map<string, string>();
  const targets = new Map<string, string>();
  const conversations = new Map<string, string>();
  for (const example of happening) {
    const id = structureOf(example, size);
    if (rooms.has(id)) continue;
    const type = example.place === 'space' ? 'careteam' : 'communicationrequest';
    const roomId = await client.join(`#${type}/${id}:${SERVER}`);
    rooms.set(id, roomId);
    // Nobody speaks in a space.
    if (example.place === 'space') continue;
    targets.set(id, await client.say(roomId, 'How is she today?'));
    if (example.changesRoom !== true) conversations.set(id, roomId);
  }
  const elsewhere = `!elsewhere:${SERVER}`;
  return {
    roomOf: (example) => rooms.get(structureOf(example, size)) ?? elsewhere,
    knownIn: (example) => ({
      sender: NURSE,
      target: targets.get(structureOf(example, size)) ?? '$none',
      file,
    }),
    ...{ places: size.places, conversations, nurse: client },
  };
}

function putPlaces(put: (resource: Readonly<Record<string, unknown>>) => void, places: number): void {
  const people = ['Practitioner', 'PractitionerRole', 'RelatedPerson', 'Patient', 'Organization'];
  for (let place = 0; place < places; place += 1) {
    for (const { type, comes, resource } of RESOURCES)
      if (comes === 'changed') put({ ...resource(place), id: idAt(type, place) });
    put(
      conversation(
        `people-${place}`,
        people.map((type) => `${type}/${idAt(type, place)}`),
      ),
    );
  }
}

/** The nurse's client. */
type Nurse = ReturnType<typeof createNurse>;

function createNurse(url: string, token: string) {
  let sent = 0;
  const call = async (method: string, path: string, body?: object | Buffer): Promise<unknown> => {
    const isFile = Buffer.isBuffer(body);
    const response = await fetch(`${url}/_matrix/${path}`, {
      method,
      headers: {
        ...{ authorization: `Bearer ${token}` },
        'content-type': isFile ? 'image/png' : 'application/json',
      },
      ...(body !== undefined && { body: isFile ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    return response.ok ? response.json() : undefined;
  };
  return {
    upload: async (file: Buffer): Promise<string> =>
      uploadedSchema.parse(await call('POST', 'media/v3/upload', file)).content_uri,
    async join(alias: string): Promise<string> {
      const path = `client/v3/join/${encodeURIComponent(alias)}`;
      const joined = () => call('POST', path, {});
      return roomSchema.parse(
        await waitUntil(joined, { what: `the nurse may join ${alias}`, timeoutMs: 60_000 }),
      ).room_id;
    },
    /** The texts of the latest messages of a room. */
    hear: async (roomId: string): Promise<readonly string[]> => {
      const path = `client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=50`;
      const { chunk } = heardSchema.parse(await call('GET', path));
      return chunk.flatMap((event) => saidSchema.safeParse(event).data?.content.body ?? []);
    },
    say: async (roomId: string, body: string): Promise<string> => {
      sent += 1;
      const path = `client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/nurse-${sent}`;
      return sentSchema.parse(await call('PUT', path, { msgtype: 'm.text', body })).event_id;
    },
  };
}
