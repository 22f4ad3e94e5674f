// A bridge of its own for a test file, on the stack of the run: own database, own ids, the appservice's one port.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { inject } from 'vitest';
import { startBridge } from '../../stack/bridge.ts';
import type { RunningBridge } from '../../stack/bridge.ts';
import { createScratchDatabase } from '../../stack/databases.ts';
import type { Database } from '../../stack/databases.ts';
import { careNetworkPeople, careTeam, communicationRequest } from '../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { startPerson } from '../../stack/demo/person.ts';
import type { Platform, Resource } from '../../stack/demo/platform.ts';
import { createPlatform } from '../../stack/demo/platform.ts';
import { startGuard } from '../../stack/guard.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { withPersonalData } from '../builders/personal-data.ts';
import { createTraceFolder, saveAnswers, saveErrors } from './traces.ts';

/** What a test file works with. */
export interface TestContext {
  /** Begins every id of this file. */
  readonly prefix: string;
  readonly bridge: RunningBridge;
  readonly database: Database;
  readonly platform: Platform;
  readonly serverName: string;
  readonly homeserverUrl: string;
  readonly fhirUrl: string;
  /** The nurse: a Practitioner with a Matrix account, logged in with a real client. */
  readonly nurse: MatrixPerson & { readonly userId: string };
  /** Writes the care team, if it is not there, and a conversation of it. */
  readonly createConversation: (name: string, firstMessage: string) => Promise<Conversation>;
  readonly bridgeLog: () => Promise<string>;
  /** Ends the bridge. Its log and other traces stay for the privacy sweep. */
  readonly end: () => Promise<void>;
}

/** A conversation's aliases, and the id of its CommunicationRequest. */
export interface Conversation {
  readonly space: string;
  readonly room: string;
  readonly id: string;
}

/** Starts the bridge and writes the people of a care network, with all the personal data that people have. */
export async function startContext(env: Readonly<Record<string, string>> = {}): Promise<TestContext> {
  const { synapse, hapi, appservice, logFolder: stackLogs } = inject('stack');
  const prefix = `t${randomBytes(4).toString('hex')}-`;
  const guard = await startGuard();
  const logFolder = await createTraceFolder(stackLogs, prefix.slice(0, -1));
  const database = await createScratchDatabase(inject('adminUrl'));
  const bridge = await startBridge({
    guard,
    logFolder,
    databaseUrl: database.url,
    synapse,
    hapi,
    appservice,
    env,
  });
  const platform = createPlatform(hapi.url);
  const user = await registerUser(synapse, { localpart: `${prefix}noor`, displayName: 'Noor' });
  const nurse = await startPerson(synapse.url, user);
  for (const person of careNetworkPeople(prefix, user.userId)) await platform.put(withPersonalData(person));
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
      await saveAnswers(bridge.url, logFolder);
      await guard.end();
      await saveErrors(database.url, logFolder);
      await database.drop();
    },
  };
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
  return waitUntil(look, { what: 'the records are as awaited', timeoutMs: 60_000, everyMs: 50 });
}

/** Waits until the bridge has nothing left to do. */
export async function awaitIdle({ url }: RunningBridge): Promise<void> {
  const look = async (): Promise<boolean> => {
    const stats = (await (await fetch(`${url}/api/v1/queue/stats`)).json()) as { waitingItems: number };
    return stats.waitingItems === 0;
  };
  await waitUntil(look, { what: 'the bridge has nothing left to do', timeoutMs: 60_000, everyMs: 50 });
}

/** The Communications of a conversation, oldest first by `sent`. */
export async function recordsOf(platform: Platform, requestId: string): Promise<readonly Communication[]> {
  const found = (await platform.search(
    `Communication?part-of=CommunicationRequest/${requestId}&_count=200`,
  )) as readonly Communication[];
  return found.toSorted((a, b) => Date.parse(a.sent) - Date.parse(b.sent));
}

/** The elements of a Communication that tests look at. */
export type Communication = Resource & {
  readonly resourceType: 'Communication';
  readonly id: string;
  readonly meta: { readonly versionId: string; readonly lastUpdated: string };
  readonly sent: string;
  readonly identifier?: readonly { readonly system: string; readonly value: string }[];
  readonly payload: readonly { readonly contentString: string }[];
};
