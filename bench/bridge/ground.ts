// What a benchmark runs on: the real servers, a user with a client, a platform, and the bridge with its conversations.
import { careNetworkPeople, careTeam, communicationRequest } from '../../stack/demo/care-network.ts';
import { createPlatform, type Platform } from '../../stack/demo/platform.ts';
import { createUserClient, type UserClient } from '../../stack/clients.ts';
import { startBridge, type RunningBridge } from '../../stack/bridge.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { registerUser } from '../../stack/synapse.ts';
import type { Line } from './line.ts';
import { openRoomMessages, type RoomMessages } from './messages-in-rooms.ts';
import type { Processes } from './processes.ts';
import { createRecords, type Records } from './records.ts';

/** All that runs. */
export interface Ground {
  readonly stack: Stack<'synapse' | 'hapi'>;
  readonly bridge: RunningBridge;
  readonly user: UserClient;
  readonly accessToken: string;
  readonly platform: Platform;
  readonly records: Records;
  readonly roomMessages: RoomMessages;
  readonly processes: Processes;
  /** The conversations that the bridge carries. */
  readonly bridged: Line;
  /** A number that no run has had. */
  nextRun(): number;
  end(): Promise<void>;
}

/** Settings that are not those by default. */
const SETTINGS = {
  // The script writes no AuditEvents either: what those cost is what so many more writes cost HAPI, with any bridge.
  BRIDGE_AUDIT_ENABLED: 'false',
  // What the script wrote belongs to no conversation, and nobody is to be told so.
  BRIDGE_FHIR_REPORT_FAILURES: 'off',
  BRIDGE_FHIR_HOOK_PAYLOAD: 'resource',
};

/** Starts it. The bridge runs, and has made a room of each conversation. */
export async function prepareGround(rooms: number, say: (line: string) => void): Promise<Ground> {
  // One of our own, whose time can be measured.
  const stack = await startStack({ services: ['synapse', 'hapi'], progress: say, databaseUrl: '' });
  try {
    const { guard, folder, synapse, hapi, appservice, bridgeDatabase, postgres } = stack;
    const account = await registerUser(synapse, { localpart: 'noor', displayName: 'Noor' });
    const user = createUserClient(synapse.url, account);
    const platform = createPlatform(hapi.url);
    for (const person of careNetworkPeople('', user.userId)) await platform.put(person);
    await platform.put(careTeam('', 'team'));
    const bridge = await startBridge({
      ...{ guard, synapse, hapi, appservice, logFolder: folder.logs },
      ...{ databaseUrl: bridgeDatabase.url, env: SETTINGS },
    });
    const bridged = await openConversations({ platform, user, serverName: synapse.serverName }, rooms);
    const roomMessages = await openRoomMessages(synapse.database.url);
    let run = 0;
    return {
      ...{ stack, bridge, user, platform, roomMessages, bridged, accessToken: account.accessToken },
      records: createRecords(hapi.url),
      processes: {
        bridge: bridge.service,
        synapse: synapse.service,
        hapi: hapi.service,
        postgres: postgres.service,
      },
      nextRun() {
        run += 1;
        return run;
      },
      async end() {
        await roomMessages.end();
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function openConversations(
  by: Pick<Ground, 'platform' | 'user'> & { readonly serverName: string },
  many: number,
): Promise<Line> {
  const places = [];
  for (let index = 0; index < many; index += 1) {
    const id = `conversation-${index}`;
    await by.platform.put(communicationRequest('', id, 'team', 'How is she today?'));
    const roomId = await by.user.join(`#communicationrequest/${id}:${by.serverName}`);
    places.push({ roomId, belongsTo: `CommunicationRequest/${id}` });
  }
  return { name: 'bridge', places, carry: undefined };
}
