// The bridge as it runs in production: processes of the daemon on one PostgreSQL, with the settings that it comes with.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startBridge } from '../../stack/bridge.ts';
import { careTeam, communicationRequest } from '../../stack/demo/care-network.ts';
import { createPlatform } from '../../stack/demo/platform.ts';
import { reservePort } from '../../stack/ports.ts';
import { createScratchDatabase } from '../../stack/databases.ts';
import type { Service } from '../../stack/service.ts';
import type { Contender, Ground, Replica } from './contender.ts';

/**
 * Creates it; each start gets a database of its own.
 * @param adminUrl of the PostgreSQL server, as one who may make databases
 * @param postgres the server's process, where its time is to be measured
 */
export function createOurs(adminUrl: string, postgres?: Service): Contender {
  return {
    name: 'ours',
    async start(ground, replicaCount, onReplica) {
      const database = await createScratchDatabase(adminUrl);
      const hookSecret = randomBytes(24).toString('hex');
      const replicas: Replica[] = [];
      for (let index = 0; index < replicaCount; index += 1) {
        const replica = await startReplica(ground, { databaseUrl: database.url, hookSecret, index });
        onReplica(replica);
        replicas.push(replica);
      }
      const rooms = await openRooms(ground);
      return { replicas, rooms, helper: postgres, end: () => database.drop() };
    },
  };
}

/** Starts one process of it, on a database that others may share. */
export async function startReplica(
  ground: Pick<Ground, 'fronts' | 'guard' | 'homeserver' | 'logFolder' | 'tokens' | 'ways'>,
  of: { readonly databaseUrl: string; readonly hookSecret: string; readonly index: number },
): Promise<Replica> {
  const { guard, homeserver, ways, fronts, tokens } = ground;
  const port = await reservePort();
  const origin = `http://127.0.0.1:${port}`;
  const logFolder = join(ground.logFolder, `ours-${of.index}`);
  await mkdir(logFolder, { recursive: true });
  const { service } = await startBridge({
    ...{ guard, logFolder, databaseUrl: of.databaseUrl },
    synapse: { url: ways.matrix, serverName: homeserver.serverName },
    hapi: { url: ways.fhir },
    appservice: { ...tokens, port, url: origin },
    env: {
      BRIDGE_MATRIX_APPSERVICE_URL: fronts.transactions,
      BRIDGE_FHIR_HOOK_URL: fronts.hooks,
      BRIDGE_FHIR_HOOK_SECRET: of.hookSecret,
      // Longer than the balancers need to see that it is stopping.
      BRIDGE_SHUTDOWN_DRAIN_SECONDS: '1',
    },
  });
  return {
    ...{ service, origins: { transactions: origin, hooks: origin } },
    healthUrl: `${origin}/health/ready`,
  };
}

/** The bridge makes a room of each CommunicationRequest, into which the user is invited. */
export async function openRooms({
  homeserver,
  fhir,
  user,
  conversations,
}: Pick<Ground, 'conversations' | 'fhir' | 'homeserver' | 'user'>) {
  const platform = createPlatform(fhir.url);
  await platform.put(careTeam('', 'team'));
  return Promise.all(
    conversations.map(async (conversation) => {
      await platform.put(communicationRequest('', conversation, 'team', `About ${conversation}`));
      const roomId = await user.join(`#communicationrequest/${conversation}:${homeserver.serverName}`);
      return { conversation, roomId };
    }),
  );
}
