// What cannot be carried as it is leaves a marked record, a notice to its sender, or a Task for its platform: nothing is dropped silently.
import { Direction, EventType, type IEvent } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { startPerson } from '../../stack/demo/person.ts';
import type { Resource } from '../../stack/demo/platform.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { awaitIdle } from './bridges.ts';
import type { Communication, Conversation, TestContext } from './context.ts';
import { awaitRecords, shareContext, startContext } from './context.ts';
import { validationErrors } from './validate.ts';

const FORM = { msgtype: 'com.example.form', body: 'A form' };
const SECRET = 'The wound looks better';

describe.skipIf(inject('stackMissing') !== undefined)('nothing is dropped silently', () => {
  let context: TestContext;
  let stranger: MatrixPerson;
  let strangerId: string;
  let conversation: Conversation;
  let roomId: string;
  beforeAll(async () => {
    context = await shareContext();
    const account = { localpart: `${context.prefix}stranger`, displayName: 'Sam <b>Smit</b>' };
    const user = await registerUser(inject('stack').synapse, account);
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
    (await context.nurse.history(roomId)).filter((text) => text.startsWith('Sam <b>Smit</b>: '));
  const recordsOf = (count: number): Promise<readonly Communication[]> =>
    awaitRecords(context.platform, conversation.id, (records) => records.length === count);

  test('a sender nobody knows is recorded by their Matrix id and told so, once', async () => {
    await stranger.say(roomId, 'Hello from a stranger');
    await stranger.say(roomId, 'And again');
    const records = await recordsOf(2);
    for (const record of records) {
      expect(record.sender).toEqual({
        identifier: { system: 'urn:ietf:rfc:3986', value: `matrix:u/${strangerId.slice(1)}` },
      });
    }
    await awaitIdle(context.bridge);
    const told = (await notices()).filter((text) => text.includes('recorded under your Matrix address'));
    expect(told).toHaveLength(1);
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
    expect(await notices()).toContainEqual(expect.stringContaining('file you sent could not be fetched'));
  });

  test('a message of an unknown kind leaves a marked record that says what was lost, and its sender is told', async () => {
    const { event_id: form } = await stranger.client.sendMessage(roomId, FORM as never);
    const record = (await recordsOf(4)).at(-1);
    expect(record?.payload).toEqual([
      {
        contentString: '[A Matrix message of a kind that cannot be recorded here: com.example.form]\nA form',
      },
    ]);
    expect(record?.meta).toHaveProperty('tag.0.code', 'content-lost');
    await awaitIdle(context.bridge);
    expect(await notices()).toContainEqual(expect.stringContaining('of a kind that cannot be recorded'));
    expect(await eventsAbout(stranger, roomId, form)).toMatchObject([
      {
        type: 'com.beeper.message_send_status',
        content: { status: 'FAIL_PERMANENT', reason: 'com.beeper.unsupported_event', network: 'fhir' },
      },
      {
        type: 'm.room.message',
        content: {
          msgtype: 'm.notice',
          formatted_body: expect.stringMatching(
            /^<a href="https:\/\/matrix\.to\/#\/%40[^"]+">Sam &lt;b&gt;Smit&lt;\/b&gt;<\/a>: /,
          ) as string,
          'm.mentions': { user_ids: [strangerId] },
        },
      },
    ]);
  });

  test('a reaction makes no record, and its sender is told that it stays in the room', async () => {
    const heard = await stranger.hear(roomId, 'And again');
    const relation = { rel_type: 'm.annotation', event_id: heard.getId(), key: '👍' };
    await stranger.client.sendEvent(roomId, EventType.Reaction, { 'm.relates_to': relation } as never);
    await stranger.say(roomId, 'After the reaction');
    await recordsOf(5);
    await awaitIdle(context.bridge);
    expect(await notices()).toContainEqual(expect.stringContaining('stays in this room'));
  });

  test('the bridge’s own notices and statuses are not recorded', async () => {
    await recordsOf(5);
  });

  describe('a Communication that does not reach its room', () => {
    const failures = [
      ['with only a note', { payload: undefined, note: [{ text: SECRET }] }, 'no-content'],
      ['with only a topic', { payload: undefined, topic: { text: SECRET } }, 'no-content'],
      ['with only a reference', { payload: [{ contentReference: { display: SECRET } }] }, 'content-lost'],
      ['without a conversation', { partOf: undefined }, 'no-conversation'],
      ['of a status that is not sent', { status: 'on-hold' }, 'status-not-sent'],
      ['that is too large', { payload: [{ contentString: `${SECRET} `.repeat(43_000) }] }, 'too-large'],
    ] as const;

    test.each(failures)('%s gets a Task that says why, and not what it says', async (_, over, reason) => {
      const written = await write(over);
      const task = await taskAbout(written, 'failed');
      expect(task).toMatchObject({
        intent: 'order',
        focus: { reference: `Communication/${String(written.id)}` },
        for: { reference: `Patient/${context.prefix}client` },
        statusReason: { coding: [{ code: reason }, { system: 'http://hl7.org/fhir/issue-type' }] },
      });
      expect(JSON.stringify(task)).not.toContain(SECRET);
      expect(await validationErrors(context.fhirUrl, [task])).toEqual([]);
    });

    test('gets the Task completed once its platform mended it and it is delivered', async () => {
      const written = await write({ partOf: undefined });
      await taskAbout(written, 'failed');
      await context.platform.put({
        ...written,
        id: String(written.id),
        partOf: [{ reference: `CommunicationRequest/${conversation.id}` }],
        payload: [{ contentString: 'Mended' }],
      });
      await context.nurse.hear(roomId, 'Mended');
      const task = await taskAbout(written, 'completed');
      expect(task).not.toHaveProperty('statusReason');
      expect(await validationErrors(context.fhirUrl, [task])).toEqual([]);
    });

    /** Writes a Communication of the conversation. */
    function write(over: Readonly<Record<string, unknown>>): Promise<Resource> {
      const { prefix, platform } = context;
      return platform.post({
        resourceType: 'Communication',
        status: 'completed',
        subject: { reference: `Patient/${prefix}client` },
        sender: { reference: `RelatedPerson/${prefix}daughter` },
        partOf: [{ reference: `CommunicationRequest/${conversation.id}` }],
        payload: [{ contentString: SECRET }],
        ...over,
      });
    }

    async function taskAbout({ id }: Resource, status: string): Promise<Resource> {
      const look = async (): Promise<Resource | undefined> => {
        const tasks = await context.platform.search(`Task?focus=Communication/${String(id)}`);
        expect(tasks.length).toBeLessThan(2);
        return tasks.find((task) => task.status === status);
      };
      return waitUntil(look, { what: `a Task is ${status}`, timeoutMs: 60_000, everyMs: 50 });
    }
  });
});

describe.skipIf(inject('stackMissing') !== undefined)('where the bridge speaks Dutch', () => {
  let context: TestContext;
  beforeAll(async () => {
    context = await startContext({ BRIDGE_MESSAGES_LANGUAGE: 'nl' });
  });
  afterAll(() => context.end());

  test('a message of an unknown kind is told of in Dutch, in the room and in the record', async () => {
    const { nurse } = context;
    const { id, room } = await context.createConversation('dutch', 'Eerste');
    const roomId = await nurse.join(room);
    await nurse.client.sendMessage(roomId, FORM as never);
    const [record] = await awaitRecords(context.platform, id, (records) => records.length === 1);
    expect(record?.payload).toEqual([
      { contentString: expect.stringContaining('Een Matrix-bericht van een soort die') as string },
    ]);
    await awaitIdle(context.bridge);
    expect(await nurse.history(roomId)).toContainEqual(
      expect.stringMatching(/^Noor: Een bericht van u is van een soort die niet kan worden vastgelegd/),
    );
  });
});

/** What refers to an event in its room, by type. */
async function eventsAbout(
  { client }: MatrixPerson,
  roomId: string,
  eventId: string,
): Promise<readonly Partial<IEvent>[]> {
  const { chunk } = await client.createMessagesRequest(roomId, null, 100, Direction.Backward);
  return chunk
    .filter(({ content }) => JSON.stringify(content['m.relates_to'] ?? {}).includes(eventId))
    .toSorted((a, b) => a.type.localeCompare(b.type));
}
