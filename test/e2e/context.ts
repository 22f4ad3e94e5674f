// What a test file works with: a running bridge, people with clients of their own, a care platform, ids that no other file has.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { inject } from 'vitest';
import type { RunningBridge } from '../../stack/bridge.ts';
import type { Database } from '../../stack/databases.ts';
import { careNetworkPeople, careTeam, communicationRequest } from '../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { startPerson } from '../../stack/demo/person.ts';
import type { Kept, Platform } from '../../stack/demo/platform.ts';
import { createPlatform } from '../../stack/demo/platform.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { withPersonalData } from '../builders/personal-data.ts';
import type { Settings, TestBridge } from './bridges.ts';
import { shareBridge, startOwnBridge } from './bridges.ts';

/** What a test file works with. */
export interface TestContext {
  /** Begins every id of this file. */
  readonly prefix: string;
  readonly bridge: RunningBridge;
  readonly database: Pick<Database, 'url'>;
  readonly platform: Platform;
  readonly serverName: string;
  readonly homeserverUrl: string;
  readonly fhirUrl: string;
  /** The nurse: a Practitioner with a Matrix account, logged in with a real client. */
  readonly nurse: MatrixPerson & { readonly userId: string };
  /** Writes the care team, if it is not there, and a conversation of it. */
  readonly createConversation: (name: string, firstMessage: string) => Promise<Conversation>;
  readonly bridgeLog: () => Promise<string>;
  /** Ends the clients, and the bridge unless others share it. */
  readonly end: () => Promise<void>;
}

/** A conversation's aliases, and the id of its CommunicationRequest. */
export interface Conversation {
  readonly space: string;
  readonly room: string;
  readonly id: string;
}

/** A context with a bridge of its own that has these settings; for files that need others than the default. */
export async function startContext(settings: Settings = {}): Promise<TestContext> {
  const prefix = newPrefix();
  const own = await startOwnBridge(prefix.slice(0, -1), settings);
  try {
    return await contextOn(own, prefix);
  } catch (error) {
    await own.end(); // or it would answer in the next one's place
    throw error;
  }
}

/** A context with the bridge that all files share which need none of their own. Its people and ids are the file's alone. */
export async function shareContext(): Promise<TestContext> {
  return contextOn(await shareBridge(), newPrefix());
}

function newPrefix(): string {
  return `t${randomBytes(4).toString('hex')}-`;
}

/** Writes the people of a care network, with all the personal data that people have. */
async function contextOn({ bridge, database, end }: TestBridge, prefix: string): Promise<TestContext> {
  const { synapse, hapi } = inject('stack');
  const platform = createPlatform(hapi.url);
  const user = await registerUser(synapse, { localpart: `${prefix}noor`, displayName: 'Noor' });
  const [nurse] = await Promise.all([startPerson(synapse.url, user), writePeople()]);
  return {
    ...{ prefix, bridge, database, platform, serverName: synapse.serverName },
    ...{ homeserverUrl: synapse.url, fhirUrl: hapi.url },
    nurse: { ...nurse, userId: user.userId },
    async createConversation(name, firstMessage) {
      const team = `${prefix}team`;
      const id = `${prefix}${name}`;
      await platform.put(withPersonalData(careTeam(prefix, team)));
      await platform.put(communicationRequest(prefix, id, team, firstMessage));
      return {
        id,
        space: `#careteam/${team}:${synapse.serverName}`,
        room: `#communicationrequest/${id}:${synapse.serverName}`,
      };
    },
    bridgeLog: () => readFile(bridge.logFile, 'utf8'),
    async end() {
      nurse.leaveClient();
      await end();
    },
  };

  async function writePeople(): Promise<void> {
    for (const person of careNetworkPeople(prefix, user.userId)) await platform.put(withPersonalData(person));
  }
}

/** The Communications of a conversation, once they are as awaited. */
export async function awaitRecords(
  platform: Platform,
  requestId: string,
  isAwaited: (records: readonly Communication[]) => boolean,
): Promise<readonly Communication[]> {
  const look = async (): Promise<readonly Communication[] | false> => {
    const records = await recordsOf(platform, requestId);
    return isAwaited(records) && records;
  };
  return waitUntil(look, { what: 'the records are as awaited', timeoutMs: 60_000, everyMs: 25 });
}

/** The Communications of a conversation, oldest first by `sent`. */
export async function recordsOf(platform: Platform, requestId: string): Promise<readonly Communication[]> {
  const found = (await platform.search(
    `Communication?part-of=CommunicationRequest/${requestId}&_count=200`,
  )) as readonly Communication[];
  return found.toSorted((a, b) => Date.parse(a.sent) - Date.parse(b.sent));
}

/** A Communication of a text, which says when it was sent. */
export type Communication = Kept<'Communication'> & {
  readonly sent: string;
  readonly payload: readonly { readonly contentString: string }[];
};
