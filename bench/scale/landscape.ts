// Replicas of the bridge between the two servers in memory, and conversations by the thousand that no one had to open.
import { randomBytes } from 'node:crypto';
import { openBalancer } from '../../stack/balancer.ts';
import { createUserClient, type UserClient } from '../../stack/clients.ts';
import { createScratchDatabase } from '../../stack/databases.ts';
import { careNetworkPeople, communication } from '../../stack/demo/care-network.ts';
import { createPlatform, type Platform } from '../../stack/demo/platform.ts';
import type { Guard } from '../../stack/guard.ts';
import { reservePort } from '../../stack/ports.ts';
import type { Postgres } from '../../stack/postgres.ts';
import type { Service } from '../../stack/service.ts';
import { startStubFhir } from '../../stack/stub-fhir/stub-fhir.ts';
import { startStubHomeserver, type StubHomeserver } from '../../stack/stub-homeserver/stub-homeserver.ts';
import { waitUntil } from '../../stack/wait.ts';
import type { Replica } from '../peers/contender.ts';
import { openRooms, startReplica } from '../peers/ours.ts';
import { createRecorder, type Recorder } from '../peers/recorder.ts';
import { multiply, type Token } from './multiply.ts';

/** A conversation in which people talk. */
export interface Conversation {
  readonly conversation: string;
  readonly roomId: string;
}

/** All that runs. */
export interface Landscape {
  readonly homeserver: StubHomeserver;
  readonly user: UserClient;
  readonly platform: Platform;
  readonly recorder: Recorder;
  /** The conversations in which people can talk; more than that are in the database alone. */
  readonly conversations: readonly Conversation[];
  /** The processes of the replicas that run. */
  readonly pids: () => readonly (number | undefined)[];
  readonly database: Service | undefined;
  /** Starts so many replicas. @returns milliseconds until the first was ready */
  readonly start: (replicas: number) => Promise<number>;
  readonly stop: () => Promise<void>;
  /** Lets there be so many conversations in all, while no replica runs. */
  readonly growTo: (rooms: number) => Promise<void>;
  /** Lets so many messages have been carried in them. */
  readonly store: (messages: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

const TOKENS = { asToken: 'as-token-of-the-benchmark', hsToken: 'hs-token-of-the-benchmark' };
const SERVER_NAME = 'scale.example';
/** In no other row of the database. */
const TEMPLATE = 'template-of-all';
const PATIENCE = { timeoutMs: 60_000 };

/** Builds it: a conversation is opened by the bridge itself, and is what the others are made like. @param talking how many can be talked in */
export async function buildLandscape(
  base: { readonly guard: Guard; readonly logFolder: string },
  postgres: Pick<Postgres, 'adminUrl'> & Partial<Pick<Postgres, 'service'>>,
  talking: number,
): Promise<Landscape> {
  const port = await reservePort();
  const fhir = await startStubFhir();
  const homeserver = await startStubHomeserver({
    ...{ serverName: SERVER_NAME, ...TOKENS, appserviceUrl: `http://127.0.0.1:${port}` },
  });
  const user = createUserClient(homeserver.url, homeserver.addUser('noor'));
  const platform = createPlatform(fhir.url);
  for (const person of careNetworkPeople('', user.userId)) await platform.put(person);
  const database = await createScratchDatabase(postgres.adminUrl);
  const hookSecret = randomBytes(24).toString('hex');
  let replicas: readonly Replica[] = [];
  const origins = (): readonly string[] => replicas.map((replica) => replica.origins.transactions);
  const transactions = await openBalancer(origins, port);
  const hooks = await openBalancer(origins, 0);
  const ground = {
    ...{ ...base, homeserver, fhir, user, tokens: TOKENS },
    ways: { matrix: homeserver.url, fhir: fhir.url },
    fronts: { transactions: transactions.origin, hooks: hooks.origin },
    conversations: [TEMPLATE],
  };
  const start = async (count: number): Promise<number> => {
    const begunMs = performance.now();
    const of = { databaseUrl: database.url, hookSecret };
    const first = await startReplica(ground, { ...of, index: 0 });
    replicas = [first];
    const tookMs = performance.now() - begunMs;
    for (let index = 1; index < count; index += 1)
      replicas = [...replicas, await startReplica(ground, { ...of, index })];
    return tookMs;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(replicas.map(({ service }) => service.stop()));
    replicas = [];
  };

  await start(1);
  const [template] = await openRooms(ground);
  if (template === undefined) throw new TypeError('The bridge opened no room');
  const conversations = Array.from({ length: talking }, (_, index) => nthOf(index + 1));
  const recorder = createRecorder(homeserver, fhir, conversations);
  const { eventId, record } = await sayOnce({ homeserver, fhir, user, platform }, template.roomId);
  await stop();
  let rooms = 0;

  return {
    ...{ homeserver, user, platform, recorder, start, stop, database: postgres.service },
    get conversations() {
      return conversations.slice(0, rooms);
    },
    pids: () => replicas.map(({ service }) => service.pid()),
    async growTo(count) {
      const tokens = [
        { text: TEMPLATE, ofCopy: `'${nameOf("' || n")}` },
        { text: template.roomId, ofCopy: `'${roomIdOf("' || n || '")}'` },
      ] as const satisfies readonly Token[];
      const range = { from: rooms + 1, to: count };
      await multiply(database.url, tokens, range);
      await multiply(database.url, [tokens[1], tokens[0]], range);
      for (const { conversation, roomId } of conversations.slice(rooms, count)) {
        homeserver.copyRoom(template.roomId, {
          ...{ roomId, alias: `#communicationrequest/${conversation}:${SERVER_NAME}` },
        });
        fhir.store.copy('CommunicationRequest', TEMPLATE, conversation);
      }
      rooms = Math.max(rooms, count);
    },
    async store(messages) {
      const room = `(1 + n % ${rooms})`;
      await multiply(
        database.url,
        [
          { text: eventId, ofCopy: `'$stored-' || n` },
          { text: record, ofCopy: `'stored-' || n` },
          { text: TEMPLATE, ofCopy: `'${nameOf(`' || ${room}`)}` },
          { text: template.roomId, ofCopy: `'${roomIdOf(`' || ${room} || '`)}'` },
        ],
        { from: 1, to: messages },
      );
    },
    async end() {
      await stop();
      await Promise.all([homeserver.stop(), fhir.stop(), transactions.close(), hooks.close()]);
      await database.drop();
    },
  };
}

const nameOf = (number: string): string => `scale-${number}`;
const roomIdOf = (number: string): string => `!scale-${number}:${SERVER_NAME}`;
const nthOf = (number: number): Conversation => ({
  conversation: nameOf(String(number)),
  roomId: roomIdOf(String(number)),
});

/** A message of the user and one of the platform cross in the template. @returns what names the user's in the database */
async function sayOnce(
  servers: Pick<Landscape, 'homeserver' | 'platform' | 'user'> & {
    readonly fhir: Awaited<ReturnType<typeof startStubFhir>>;
  },
  roomId: string,
): Promise<{ readonly eventId: string; readonly record: string }> {
  const { homeserver, fhir, user, platform } = servers;
  const records: string[] = [];
  const events: string[] = [];
  const onRecord = ({ type, id }: { type: string; id: string }): void => {
    if (type === 'Communication') records.push(id);
  };
  const onEvent = ({ room_id, type, sender }: { room_id: string; type: string; sender: string }): void => {
    if (room_id === roomId && type === 'm.room.message' && sender !== user.userId) events.push(sender);
  };
  fhir.store.listeners.add(onRecord);
  const eventId = await user.send(roomId, 'm.room.message', { msgtype: 'm.text', body: 'Good morning' });
  await waitUntil(() => records.length > 0, { what: 'the message of the user is recorded', ...PATIENCE });
  fhir.store.listeners.delete(onRecord);
  homeserver.listeners.add(onEvent);
  await platform.post(communication('', TEMPLATE, 'Good afternoon'));
  await waitUntil(() => events.length > 0, { what: 'the message of the platform is said', ...PATIENCE });
  homeserver.listeners.delete(onEvent);
  return { eventId, record: records[0] ?? '' };
}
