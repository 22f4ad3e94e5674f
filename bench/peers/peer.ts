// The peer as a process: its library is installed on demand, and its rooms and its Subscription are made beforehand, as an
// operator of it would.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, isCached, sourcesKey } from '../../stack/cache.ts';
import { communicationRequest } from '../../stack/demo/care-network.ts';
import { createPlatform } from '../../stack/demo/platform.ts';
import type { Guard } from '../../stack/guard.ts';
import { reservePort } from '../../stack/ports.ts';
import { createRegistration } from '../../stack/registration.ts';
import { runToEnd, startService } from '../../stack/service.ts';
import { answersOk } from '../../stack/wait.ts';
import type { Contender, Ground, Replica, Running } from './contender.ts';
import type { PeerOptions } from './peer/library.ts';

const FOLDER = fileURLToPath(new URL('./peer', import.meta.url));
const BRIDGE = join(FOLDER, 'bridge.ts');
const PACKAGE = ['package.json', 'package-lock.json', 'no-crypto/package.json'];

/** The library of the peer, there or to be installed. */
export interface PeerLibrary {
  /** Whether an earlier run installed it. */
  readonly isInstalled: boolean;
  /**
   * Installs it into the cache unless it is there.
   * @returns a file beside its `node_modules`
   * @throws StackServiceError when npm cannot get it
   */
  readonly install: (guard: Guard, logFolder: string) => Promise<string>;
}

/** Looks up the library in the versions of the lock file. */
export async function findLibrary(): Promise<PeerLibrary> {
  const name = `peer-${await sourcesKey(FOLDER, PACKAGE)}`;
  return {
    isInstalled: await isCached(name),
    async install(guard, logFolder) {
      const folder = await cached(guard, name, async (building) => {
        await cp(FOLDER, building, { recursive: true, filter: (path) => !path.endsWith('.ts') });
        await runToEnd(guard, 'Installing matrix-appservice-bridge', {
          command: 'npm',
          // Its native encryption would be downloaded from GitHub by a script. Nothing here is encrypted: an empty package
          // stands in for it, by an override in package.json.
          args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
          cwd: building,
          log: join(logFolder, 'peer-install.log'),
        });
      });
      return join(folder, 'package.json');
    },
  };
}

/** Creates it. @param modules a file beside the `node_modules` with its library */
export function createPeer(modules: string): Contender {
  return {
    name: 'peer',
    async start(ground, replicaCount, onReplica) {
      const rooms = await openRooms(ground);
      await subscribe(ground);
      const replicas: Replica[] = [];
      for (let index = 0; index < replicaCount; index += 1) {
        const replica = await startReplica(ground, { modules, rooms, index });
        onReplica(replica);
        replicas.push(replica);
      }
      return { replicas, rooms, end: () => Promise.resolve() };
    },
  };
}

async function startReplica(
  { guard, logFolder, homeserver, ways, fronts, tokens }: Ground,
  of: { readonly modules: string; readonly rooms: Running['rooms']; readonly index: number },
): Promise<Replica> {
  const [port, hookPort] = [await reservePort(), await reservePort()];
  const { serverName } = homeserver;
  const options: PeerOptions = {
    ...{ modules: of.modules, port, hookPort, domain: serverName },
    ...{ homeserverUrl: ways.matrix, fhirUrl: ways.fhir },
    registration: createRegistration({ serverName, url: fronts.transactions, ...tokens }),
    rooms: Object.fromEntries(of.rooms.map(({ conversation, roomId }) => [conversation, roomId])),
  };
  const [transactions, hooks] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${hookPort}`];
  const service = await startService({
    guard,
    name: 'The peer',
    command: {
      command: process.execPath,
      args: ['--no-deprecation', BRIDGE],
      env: { PEER_OPTIONS: JSON.stringify(options) },
      log: join(logFolder, `peer-${of.index}.log`),
      graceMs: 20_000,
    },
    ready: () => answersOk(hooks),
    timeoutMs: 60_000,
  });
  return { service, origins: { transactions, hooks }, healthUrl: `${transactions}/health` };
}

/** Public rooms with the bot in them: its HOWTO asks for that. */
async function openRooms({
  homeserver,
  fhir,
  user,
  tokens,
  conversations,
}: Ground): Promise<Running['rooms']> {
  const platform = createPlatform(fhir.url);
  return Promise.all(
    conversations.map(async (conversation) => {
      await platform.put(communicationRequest('', conversation, 'team', `About ${conversation}`));
      const response = await fetch(`${homeserver.url}/_matrix/client/v3/createRoom`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens.asToken}` },
        body: JSON.stringify({ preset: 'public_chat' }),
      });
      const { room_id: roomId } = (await response.json()) as { room_id: string };
      await user.join(roomId);
      return { conversation, roomId };
    }),
  );
}

async function subscribe({ fhir, fronts }: Ground): Promise<void> {
  await createPlatform(fhir.url).post({
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'The peer carries new messages',
    criteria: 'Communication?',
    channel: { type: 'rest-hook', endpoint: fronts.hooks, payload: 'application/fhir+json' },
  });
}
