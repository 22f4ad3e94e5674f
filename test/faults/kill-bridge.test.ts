// The bridge is killed with SIGKILL again and again while messages cross both ways: all arrive once, in order.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import { waitUntil } from '../../stack/wait.ts';
import type { Conversation, TestContext } from '../e2e/context.ts';
import { awaitRecords, shareContext } from '../e2e/context.ts';
import { validationErrors } from '../e2e/validate.ts';

const ROOMS = 10;
const MESSAGES_PER_ROOM_AND_WAY = 20;
const KILLS = 5;

describe.skipIf(inject('stackMissing') !== undefined)('the bridge killed five times at random', () => {
  let context: TestContext;
  beforeAll(async () => {
    context = await shareContext();
  });
  afterAll(async () => {
    await context.end();
  });

  test(
    '200 messages each way over 10 rooms arrive once and in order per room',
    { timeout: 400_000 },
    async () => {
      const { nurse, createConversation } = context;
      const names = Array.from({ length: ROOMS }, (_, index) => `room-${index}`);
      const conversations: (Conversation & { roomId: string })[] = [];
      for (const name of names)
        conversations.push({ ...(await createConversation(name, 'First')), roomId: '' });
      await Promise.all(
        conversations.map(async (conversation) => {
          conversation.roomId = await nurse.join(conversation.room);
        }),
      );
      const texts = (way: string): readonly string[] =>
        Array.from({ length: MESSAGES_PER_ROOM_AND_WAY }, (_, index) => `${way} ${index}`);

      const talk = Promise.all(conversations.flatMap((conversation) => talkBothWays(conversation)));
      for (let kills = 0; kills < KILLS; kills += 1) {
        await sleep(500 + Math.random() * 1_000);
        await context.bridge.service.kill();
        await context.bridge.service.start();
      }
      await talk;

      for (const { id, roomId } of conversations) {
        const heard = await waitUntil(() => allHeard(roomId), { what: 'all is heard', timeoutMs: 120_000 });
        expect(heard.filter((text) => text.startsWith('platform'))).toEqual(texts('platform'));
        expect(heard.filter((text) => text.startsWith('room'))).toEqual(texts('room'));
        expect(heard).toHaveLength(2 * MESSAGES_PER_ROOM_AND_WAY + 1);

        const records = await awaitRecords(
          context.platform,
          id,
          (found) =>
            found.length >= 2 * MESSAGES_PER_ROOM_AND_WAY &&
            found.every((record) => record.identifier !== undefined),
        );
        const inOrderWritten = records.toSorted(
          (a, b) => Date.parse(a.meta.lastUpdated) - Date.parse(b.meta.lastUpdated),
        );
        const written = inOrderWritten.map((record) => record.payload[0]?.contentString ?? '');
        expect(written.filter((text) => text.startsWith('room'))).toEqual(texts('room'));
        expect(written.filter((text) => text.startsWith('platform')).toSorted()).toEqual(
          texts('platform').toSorted(),
        );
        expect(new Set(records.flatMap((record) => record.identifier?.map(({ value }) => value))).size).toBe(
          2 * MESSAGES_PER_ROOM_AND_WAY,
        );
        const ofEachWay = records.filter(({ payload }) => payload[0]?.contentString.endsWith(' 0') === true);
        expect(await validationErrors(context.fhirUrl, ofEachWay)).toEqual([]);
      }

      function talkBothWays({ id, roomId }: { id: string; roomId: string }): Promise<void>[] {
        const say = async (): Promise<void> => {
          for (const text of texts('room')) await nurse.say(roomId, text);
        };
        const write = async (): Promise<void> => {
          for (const text of texts('platform'))
            await context.platform.post(communication(context.prefix, id, text));
        };
        return [say(), write()];
      }

      async function allHeard(roomId: string): Promise<readonly string[] | false> {
        const heard = await nurse.history(roomId);
        return heard.length > 2 * MESSAGES_PER_ROOM_AND_WAY && heard;
      }
    },
  );
});
