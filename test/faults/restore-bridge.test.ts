// A drill: the bridge's database is put back to a copy from before 20 messages each way. docs/how-to/restore.md follows it.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { copyDatabase, replaceDatabase } from '../../stack/databases.ts';
import { communication } from '../../stack/demo/care-network.ts';
import { waitUntil } from '../../stack/wait.ts';
import { awaitAllRead, awaitIdle } from '../e2e/bridges.ts';
import type { Communication, TestContext } from '../e2e/context.ts';
import { awaitRecords, recordsOf, startContext } from '../e2e/context.ts';

const healthSchema = z.looseObject({ status: z.string(), restored: z.array(z.string()).optional() });

describe.skipIf(inject('stackMissing') !== undefined)('the database of the bridge is restored', () => {
  let context: TestContext;
  beforeAll(async () => {
    context = await startContext();
  });
  afterAll(async () => {
    await context.end();
  });

  test(
    'nothing is said twice, nothing is written over, and what follows is in order',
    { timeout: 300_000 },
    async () => {
      const { bridge, database, nurse, platform, prefix } = context;
      const { room, id } = await context.createConversation('restored', 'First');
      const roomId = await nurse.join(room);
      await nurse.hear(roomId, 'First');
      const said: string[] = ['First'];
      const talk = async (from: number, to: number): Promise<void> => {
        for (let n = from; n < to; n += 1) {
          await platform.post(communication(prefix, id, `platform ${n}`));
          await nurse.hear(roomId, `platform ${n}`);
          await nurse.say(roomId, `room ${n}`);
          said.push(`platform ${n}`, `room ${n}`);
        }
        await awaitRecords(platform, id, areComplete(2 * to));
      };
      const textsOf = (records: readonly Communication[]) =>
        Object.fromEntries(records.map((record) => [record.id, record.payload[0]?.contentString]));

      await talk(0, 5);
      await bridge.service.stop();
      const copy = await copyDatabase(inject('adminUrl'), database.url);
      await bridge.service.start();

      await talk(5, 25);
      // A platform corrects the record of a user's message, and one of its own.
      await change('room 10', 'room 10, corrected by the platform');
      await change('platform 10', 'platform 10, changed');
      await nurse.hear(roomId, 'Changed in the record: room 10, corrected by the platform');
      await awaitAllRead({ bridge, database });
      const records = textsOf(await recordsOf(platform, id));
      const shown = await nurse.history(roomId);

      await bridge.service.stop();
      await replaceDatabase(inject('adminUrl'), database.url, copy);
      await bridge.service.start();

      await awaitAllRead({ bridge, database });
      await waitUntil(isWell, { what: 'all is compared', timeoutMs: 60_000 });
      expect(await bridgeNoticed()).toBe(true);
      expect(textsOf(await recordsOf(platform, id))).toEqual(records);
      expect(await nurse.history(roomId)).toEqual(shown);

      await talk(25, 27);
      await awaitIdle(bridge);
      const heard = await nurse.history(roomId);
      expect(heard.slice(0, shown.length)).toEqual(shown);
      expect(heard.slice(shown.length)).toEqual(['platform 25', 'room 25', 'platform 26', 'room 26']);

      async function change(text: string, to: string): Promise<void> {
        const record = (await recordsOf(platform, id)).find(
          ({ payload }) => payload[0]?.contentString === text,
        );
        if (record === undefined) throw new Error(`There is no record of ${text}`);
        await platform.put({ ...record, payload: [{ contentString: to }] });
      }

      async function isWell(): Promise<boolean> {
        const health = healthSchema.parse(await (await fetch(`${bridge.url}/health`)).json());
        return health.restored === undefined;
      }

      async function bridgeNoticed(): Promise<boolean> {
        return (await context.bridgeLog()).includes(
          'The database of the bridge was restored to an earlier state',
        );
      }
    },
  );
});

const areComplete =
  (count: number) =>
  (records: readonly Communication[]): boolean =>
    records.length === count && records.every(({ identifier }) => identifier !== undefined);
