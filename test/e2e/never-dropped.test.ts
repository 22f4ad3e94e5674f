// What cannot be carried as it is leaves a marked record and a notice to its sender: nothing is dropped silently.
import { EventType } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { startPerson } from '../../stack/demo/person.ts';
import { registerUser } from '../../stack/synapse.ts';
import { awaitIdle } from './bridges.ts';
import type { Communication, Conversation, TestContext } from './context.ts';
import { awaitRecords, shareContext } from './context.ts';

describe.skipIf(inject('stackMissing') !== undefined)('nothing is dropped silently', () => {
  let context: TestContext;
  let stranger: MatrixPerson;
  let strangerId: string;
  let conversation: Conversation;
  let roomId: string;
  beforeAll(async () => {
    context = await shareContext();
    const user = await registerUser(inject('stack').synapse, { localpart: `${context.prefix}stranger` });
    strangerId = user.userId;
    stranger = await startPerson(context.homeserverUrl, user);
    conversation = await context.createConversation('dropped', 'First');
    roomId = await context.nurse.join(conversation.room);
    await context.nurse.client.invite(roomId, strangerId);
    await stranger.join(conversation.room);
  });
  afterAll(async () => {
    stranger.leaveClient();
    await context.end();
  });

  const notices = async (): Promise<readonly string[]> =>
    (await context.nurse.history(roomId)).filter((text) => text.startsWith(`${strangerId}: `));
  const recordsOf = (count: number): Promise<readonly Communication[]> =>
    awaitRecords(context.platform, conversation.id, (records) => records.length === count);

  test('a sender nobody knows is recorded by their Matrix id and told so, once', async () => {
    await stranger.say(roomId, 'Hello from a stranger');
    await stranger.say(roomId, 'And again');
    const records = await recordsOf(2);
    for (const record of records) {
      expect(record['sender']).toEqual({
        identifier: { system: 'urn:ietf:rfc:3986', value: `matrix:u/${strangerId.slice(1)}` },
      });
    }
    await awaitIdle(context.bridge);
    expect(await notices()).toEqual([expect.stringContaining('recorded under your Matrix address')]);
  });

  test('a picture that cannot be fetched leaves a marked record that says so, and its sender is told', async () => {
    await stranger.client.sendMessage(roomId, {
      msgtype: 'm.image',
      body: 'wound-of-jan-de-vries.png',
      url: `mxc://${context.serverName}/none`,
    } as never);
    const record = (await recordsOf(3)).at(-1);
    expect(record?.payload).toEqual([
      { contentString: '[A file is missing here, wound-of-jan-de-vries.png: it is not there any more]' },
    ]);
    expect(record?.meta).toMatchObject({
      tag: expect.arrayContaining([expect.objectContaining({ code: 'content-lost' })]) as unknown,
    });
    await awaitIdle(context.bridge);
    expect(await notices()).toContainEqual(expect.stringContaining('a file you sent could not be fetched'));
  });

  test('a reaction makes no record, and its sender is told that it stays in the room', async () => {
    const heard = await stranger.hear(roomId, 'First');
    const relation = { rel_type: 'm.annotation', event_id: heard.getId(), key: '👍' };
    await stranger.client.sendEvent(roomId, EventType.Reaction, { 'm.relates_to': relation } as never);
    await stranger.say(roomId, 'After the reaction');
    await recordsOf(4);
    await awaitIdle(context.bridge);
    expect(await notices()).toContainEqual(expect.stringContaining('stays in this room'));
  });

  test('the bridge’s own notices are not recorded', async () => {
    await recordsOf(4);
  });
});
