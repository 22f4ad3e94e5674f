// The scene in which mutants appear: people, a team, and a conversation for each kind of event, all in Matrix and known to the bridge.
import { z } from 'zod';
import { waitUntil } from '../../../stack/wait.ts';
import { EVENTS, type EventExample, type Known } from './examples/events.ts';
import { conversation, idAt, NURSE, RESOURCES, STEADY, team } from './examples/resources.ts';
import type { PipelineExample } from './mutants.ts';
import { SERVER, type World } from './world.ts';

/** Conversations of people who are changed. */
export const PLACES = 25;

/** The scene. */
export interface Scene {
  /** Where an event happens. */
  readonly roomOf: (example: EventExample) => string;
  /** What it may name there. */
  readonly knownIn: (example: EventExample) => Known;
  /** The nurse says something. @returns the event id */
  readonly say: (roomId: string, body: string) => Promise<string>;
}

const SPACES = 'space';
const roomSchema = z.object({ room_id: z.string() });
const sentSchema = z.object({ event_id: z.string() });
const uploadedSchema = z.object({ content_uri: z.string() });
/** A picture of one pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** The id of the team or conversation in which an example happens. */
export function structureOf({ name, place }: EventExample): string {
  return `${place === 'space' ? SPACES : 'room'}-${slugOf(name)}`;
}

/** A name as a part of ids. */
export function slugOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '-');
}

/** Builds it. @param isUsed of which examples there is to be a room */
export async function buildScene(
  { homeserver, fhir }: Pick<World, 'homeserver' | 'fhir'>,
  isUsed: (example: PipelineExample) => boolean,
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
    const id = structureOf(example);
    put(example.place === 'space' ? team(id) : conversation(id));
  }
  if (RESOURCES.some(isUsed)) putPlaces(put);
  const file = await client.upload(PNG);
  const rooms = new Map<string, string>();
  const targets = new Map<string, string>();
  for (const example of happening) {
    const id = structureOf(example);
    const type = example.place === 'space' ? 'careteam' : 'communicationrequest';
    const roomId = await client.join(`#${type}/${id}:${SERVER}`);
    rooms.set(id, roomId);
    // Nobody speaks in a space.
    if (example.place !== 'space') targets.set(id, await client.say(roomId, 'How is she today?'));
  }
  const elsewhere = `!elsewhere:${SERVER}`;
  return {
    roomOf: (example) => rooms.get(structureOf(example)) ?? elsewhere,
    knownIn: (example) => ({ sender: NURSE, target: targets.get(structureOf(example)) ?? '$none', file }),
    say: client.say,
  };
}

function putPlaces(put: (resource: Readonly<Record<string, unknown>>) => void): void {
  const people = ['Practitioner', 'PractitionerRole', 'RelatedPerson', 'Patient', 'Organization'];
  for (let place = 0; place < PLACES; place += 1) {
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

function createNurse(url: string, token: string) {
  let sent = 0;
  const call = async (method: string, path: string, body: object | Buffer): Promise<unknown> => {
    const isFile = Buffer.isBuffer(body);
    const response = await fetch(`${url}/_matrix/${path}`, {
      method,
      headers: {
        ...{ authorization: `Bearer ${token}` },
        'content-type': isFile ? 'image/png' : 'application/json',
      },
      body: isFile ? new Uint8Array(body) : JSON.stringify(body),
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
    say: async (roomId: string, body: string): Promise<string> => {
      sent += 1;
      const path = `client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/nurse-${sent}`;
      return sentSchema.parse(await call('PUT', path, { msgtype: 'm.text', body })).event_id;
    },
  };
}
