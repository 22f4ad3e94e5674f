// A drill: Synapse is put back to a copy of its database from before a conversation and messages. docs/how-to/restore.md follows it.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { copyDatabase, replaceDatabase } from '../../stack/databases.ts';
import {
  careNetworkPeople,
  careTeam,
  communication,
  communicationRequest,
} from '../../stack/demo/care-network.ts';
import { startPerson, type MatrixPerson } from '../../stack/demo/person.ts';
import { createPlatform, type Platform } from '../../stack/demo/platform.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { registerUser, type HumanUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { startBridgeBetween, type TestBridge } from '../e2e/bridges.ts';
import { awaitRecords } from '../e2e/context.ts';
import { readTexts } from '../e2e/kept.ts';

const prefix = `r${randomBytes(4).toString('hex')}-`;
const TEAM = `${prefix}team`;

describe.skipIf(inject('stackMissing') !== undefined)('Synapse is restored', () => {
  let stack: Stack<'synapse'>;
  let bridge: TestBridge;
  let platform: Platform;
  let user: HumanUser;

  beforeAll(async () => {
    // A server of its own, which no other test needs meanwhile.
    stack = await startStack({ services: ['synapse'], fsync: false, databaseUrl: '' });
    const { synapse, appservice } = stack;
    const { hapi } = inject('stack');
    platform = createPlatform(hapi.url);
    user = await registerUser(synapse, { localpart: `${prefix}noor`, displayName: 'Noor' });
    for (const person of careNetworkPeople(prefix, user.userId)) await platform.put(person);
    bridge = await startBridgeBetween({ synapse, hapi, appservice }, prefix.slice(0, -1), {});
  }, 180_000);
  afterAll(async () => {
    await bridge.end();
    await stack.stop();
  });

  test(
    'what it lost is made and said again, and messages go on both ways',
    { timeout: 300_000 },
    async () => {
      const { synapse } = stack;
      const open = async (name: string): Promise<string> => {
        const id = `${prefix}${name}`;
        await platform.put(careTeam(prefix, TEAM));
        await platform.put(communicationRequest(prefix, id, TEAM, `First of ${name}`));
        return id;
      };
      const numberNow = async (): Promise<number> =>
        Number((await readTexts(bridge.database.url, 'select number::text as text from continuity'))[0]);
      const aliasOf = (id: string) => `#communicationrequest/${id}:${synapse.serverName}`;
      const tell = (id: string, text: string) => platform.post(communication(prefix, id, text));
      /** The nurse at her client, as long as that runs. */
      const withNurse = async <T>(work: (nurse: MatrixPerson) => Promise<T>): Promise<T> => {
        const nurse = await startPerson(synapse.url, user);
        try {
          return await work(nurse);
        } finally {
          nurse.leaveClient();
        }
      };

      const before = await open('before');
      const roomId = await withNurse(async (nurse) => {
        const joined = await nurse.join(aliasOf(before));
        await tell(before, 'kept');
        await nurse.hear(joined, 'kept');
        return joined;
      });

      await synapse.service.stop();
      const copy = await copyDatabase(stack.postgres.adminUrl, synapse.database.url);
      const atCopy = await numberNow();
      await synapse.service.start();

      // Made since the copy: a message in the room, another room, and the device of a ghost that was not there.
      const later = await open('later');
      const lostRoom = await withNurse(async (nurse) => {
        await tell(before, 'lost in the room');
        await nurse.hear(roomId, 'lost in the room');
        const joined = await nurse.join(aliasOf(later));
        await tell(later, 'lost with the room');
        await nurse.hear(joined, 'lost with the room');
        return joined;
      });
      await waitUntil(async () => (await numberNow()) >= atCopy + 2, {
        what: 'the numbers on both sides are apart by more than one',
        timeoutMs: 60_000,
      });

      await synapse.service.stop();
      await replaceDatabase(stack.postgres.adminUrl, synapse.database.url, copy);
      await synapse.service.start();

      await waitUntil(
        async () =>
          (await readFile(bridge.bridge.logFile, 'utf8')).includes(
            'The homeserver was restored to an earlier state',
          ),
        { what: 'the bridge notices', timeoutMs: 60_000 },
      );
      await withNurse(async (nurse) => {
        await nurse.hear(roomId, 'lost in the room');
        const anew = await nurse.join(aliasOf(later));
        expect(anew).not.toBe(lostRoom);
        await nurse.hear(anew, 'lost with the room');
        expect(await nurse.history(anew)).toEqual(['First of later', 'lost with the room']);
        expect(await nurse.history(roomId)).toEqual(['First of before', 'kept', 'lost in the room']);

        for (const [id, room] of [
          [before, roomId],
          [later, anew],
        ] as const) {
          await tell(id, 'after');
          await nurse.hear(room, 'after');
          await nurse.say(room, 'from the nurse');
          await awaitRecords(platform, id, (records) =>
            records.some(({ payload }) => payload[0]?.contentString === 'from the nurse'),
          );
        }
      });
    },
  );
});
