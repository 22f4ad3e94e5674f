// Edits, retractions, replies, threads, reactions and mentions, both ways, with a real Matrix client, Synapse and HAPI FHIR.
import { Direction, EventType } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import { SEED, seeded } from '../builders/random.ts';
import type { EventId } from '../../src/domain/ids.ts';
import { communicationIdOf } from '../../src/mapping/delivery-ids.ts';
import type { Communication, Conversation, TestContext } from './context.ts';
import { recordsOf, startContext } from './context.ts';
import { eventually, ghostOf } from './rooms.ts';
import { validationErrors } from './validate.ts';

/** What a reader of the room sees of a message. */
interface Seen {
  readonly text: string | undefined;
  readonly relation: unknown;
}

describe.skipIf(inject('stackMissing') !== undefined)('a message is changed', () => {
  let context: TestContext;
  let conversation: Conversation;
  let roomId: string;
  beforeAll(async () => {
    context = await startContext({ BRIDGE_MESSAGES_REACTIONS: 'note' });
    conversation = await context.createConversation('changes', 'How is she today?');
    roomId = await context.nurse.join(conversation.room);
    await context.nurse.hear(roomId, 'How is she today?');
  });
  afterAll(async () => {
    await context.end();
  });

  const send = async (content: object, type: string = EventType.RoomMessage): Promise<string> =>
    (await context.nurse.client.sendEvent(roomId, type as never, content as never)).event_id;
  const say = (body: string, relation?: object) =>
    send({ msgtype: 'm.text', body, ...(relation && { 'm.relates_to': relation }) });
  const edit = (target: string, body: string) =>
    send({
      ...{ msgtype: 'm.text', body: `* ${body}`, 'm.new_content': { msgtype: 'm.text', body } },
      'm.relates_to': { rel_type: 'm.replace', event_id: target },
    });
  const redact = async (target: string): Promise<string> =>
    (await context.nurse.client.redactEvent(roomId, target)).event_id;
  const records = () => recordsOf(context.platform, conversation.id);
  const recordOf = (eventId: string): Promise<Communication | undefined> =>
    read({ id: communicationIdOf(eventId as EventId) }).catch(() => undefined);
  const awaitRecord = async (eventId: string): Promise<Communication> => {
    await eventually(() => recordOf(eventId)).toBeDefined();
    return read({ id: communicationIdOf(eventId as EventId) });
  };
  const write = async (over: object): Promise<Communication> => {
    const resource = { ...communication(context.prefix, conversation.id, 'x'), ...over };
    const written = (await context.platform.post(resource)) as Communication;
    // The bridge writes the event's id; a platform that writes meanwhile is refused.
    await eventually(async () => (await read(written)).identifier?.[0]?.value).toMatch(/^\$/);
    return read(written);
  };
  const read = async ({ id }: Pick<Communication, 'id'>) =>
    (await context.platform.read(`Communication/${id}`)) as Communication;
  const change = async (before: Pick<Communication, 'id'>, over: object) =>
    context.platform.put({ ...(await read(before)), ...over });
  /** HAPI may refuse it (409) a moment after another version was written, as it tells its clients to expect. */
  const remove = async ({ id }: Pick<Communication, 'id'>) => {
    const url = `${context.fhirUrl}/Communication/${id}`;
    await eventually(async () => (await fetch(url, { method: 'DELETE' })).ok).toBe(true);
  };
  const eventOf = ({ identifier }: Communication): string => identifier?.[0]?.value ?? '';

  /** What the homeserver shows of an event: its latest edit, or nothing of it. */
  const seen = async (eventId: string): Promise<Seen> => {
    const event = await context.nurse.client.fetchRoomEvent(roomId, eventId);
    const { body, 'm.relates_to': relation } = event.content ?? {};
    const latest = (
      event.unsigned as { 'm.relations'?: Record<string, { content?: Record<string, { body?: string }> }> }
    )['m.relations']?.['m.replace'];
    return { text: latest?.content?.['m.new_content']?.body ?? (body as string | undefined), relation };
  };
  const textSeen = async (eventId: string) => (await seen(eventId)).text;
  /** What a record says: nothing where it is in error. */
  const says = (record: Communication | undefined) =>
    (record as { status?: string } | undefined)?.status === 'entered-in-error'
      ? 'in error'
      : record?.payload[0]?.contentString;

  describe('by a user', () => {
    test('an edit is a new version of the same Communication, and not a second one', async () => {
      const eventId = await say('100 E');
      const record = await awaitRecord(eventId);
      await edit(eventId, '10 E');
      await eventually(async () => says(await read(record))).toBe('10 E');
      expect((await read(record)).meta.versionId).toBe('2');
      expect((await records()).map(says)).not.toContain('* 10 E');
    });

    test('a redaction leaves a record in error without the text', async () => {
      const eventId = await say('In the wrong room');
      const record = await awaitRecord(eventId);
      await redact(eventId);
      await eventually(() => read(record)).toMatchObject({
        status: 'entered-in-error',
        payload: [{ _contentString: { extension: [{ valueCode: 'masked' }] } }],
      });
    });

    test('the redaction of an edit brings the text back, and an edited emote is one again', async () => {
      const eventId = await send({ msgtype: 'm.emote', body: 'waves' });
      const record = await awaitRecord(eventId);
      const editId = await edit(eventId, 'waved');
      await eventually(() => read(record)).toMatchObject({ payload: [{ contentString: 'waved' }] });
      expect((await read(record)).meta).not.toHaveProperty('tag');
      await redact(editId);
      await eventually(() => read(record)).toMatchObject({
        ...{ payload: [{ contentString: 'waves' }], meta: { tag: [{ code: 'emote' }] } },
      });
    });

    test('a reply and a message of a thread say what they answer', async () => {
      const root = await say('Shall I come?');
      const rootRecord = await awaitRecord(root);
      const replied = await say('Yes', { 'm.in_reply_to': { event_id: root } });
      const threaded = await say('At nine', { rel_type: 'm.thread', event_id: root });
      const inResponseTo = [{ reference: `Communication/${rootRecord.id}`, type: 'Communication' }];
      expect(await awaitRecord(replied)).toMatchObject({ inResponseTo });
      expect(await awaitRecord(threaded)).toMatchObject({ inResponseTo });
    });

    test('an answer to the first message of the conversation is recorded at once, and not marked', async () => {
      const { chunk } = await context.nurse.client.createMessagesRequest(
        roomId,
        null,
        500,
        Direction.Backward,
      );
      const first = chunk.find(({ content }) => content['body'] === 'How is she today?')?.event_id ?? '';
      const eventId = await say('Better', { 'm.in_reply_to': { event_id: first } });
      expect((await awaitRecord(eventId)).meta).not.toHaveProperty('tag');
    });

    test('a mention of a relative makes them a recipient', async () => {
      const reference = `RelatedPerson/${context.prefix}daughter`;
      const mentions = { user_ids: [ghostOf(reference)] };
      const eventId = await send({ msgtype: 'm.text', body: 'Daughter, look', 'm.mentions': mentions });
      expect(await awaitRecord(eventId)).toMatchObject({ recipient: [{ reference }] });
    });

    test('a reaction is a note on the record until it is taken back', async () => {
      const eventId = await say('Done');
      const record = await awaitRecord(eventId);
      const relation = { rel_type: 'm.annotation', event_id: eventId, key: '👍' };
      const like = await send({ 'm.relates_to': relation }, EventType.Reaction);
      await eventually(() => read(record)).toMatchObject({ note: [{ text: '👍' }] });
      await redact(like);
      await eventually(async () => 'note' in (await read(record))).toBe(false);
    });
  });

  describe('by a platform', () => {
    test('a corrected dose does not stay in the room: the ghost edits it', async () => {
      const record = await write({ payload: [{ contentString: '100 E insulin' }] });
      await change(record, { payload: [{ contentString: '10 E insulin' }] });
      await eventually(() => textSeen(eventOf(record))).toBe('10 E insulin');
    });

    test('what is entered in error is redacted, and completed again it is sent again', async () => {
      const record = await write({ payload: [{ contentString: 'Of another patient' }] });
      const text = record.payload;
      await change(record, { status: 'entered-in-error' });
      await eventually(() => textSeen(eventOf(record))).toBeUndefined();
      await change(record, { status: 'completed', payload: text });
      await eventually(async () =>
        (await context.nurse.history(roomId)).filter((each) => each === 'Of another patient'),
      ).toHaveLength(1);
    });

    test('what is deleted is redacted, and created again it is sent again', async () => {
      const record = await write({ payload: [{ contentString: 'Deleted soon' }] });
      await remove(record);
      await eventually(() => textSeen(eventOf(record))).toBeUndefined();
      await context.platform.put({ ...record, identifier: undefined, meta: undefined });
      await eventually(async () =>
        (await context.nurse.history(roomId)).filter((each) => each === 'Deleted soon'),
      ).toHaveLength(1);
    });

    test('a user’s record that it corrects is answered by the bot; one that it deletes is redacted', async () => {
      const eventId = await say('80 kg');
      const record = await awaitRecord(eventId);
      await change(record, { payload: [{ contentString: '80,5 kg' }] });
      const answer = await context.nurse.hear(roomId, 'Changed in the record: 80,5 kg');
      expect(answer.getContent()).toMatchObject({
        'm.relates_to': { 'm.in_reply_to': { event_id: eventId } },
      });
      expect(await textSeen(eventId)).toBe('80 kg');
      await remove(record);
      await eventually(() => textSeen(eventId)).toBeUndefined();
      await eventually(() => textSeen(answer.getId() ?? '')).toBeUndefined();
    });

    test('an answer is a reply; to a message of a thread it stays in the thread', async () => {
      const eventId = await say('Who has the key?');
      const record = await awaitRecord(eventId);
      const inThread = await say('Under the mat?', { rel_type: 'm.thread', event_id: eventId });
      const threadRecord = await awaitRecord(inThread);
      const answer = await write({ inResponseTo: [{ reference: `Communication/${record.id}` }] });
      expect((await seen(eventOf(answer))).relation).toEqual({ 'm.in_reply_to': { event_id: eventId } });
      const further = await write({ inResponseTo: [{ reference: `Communication/${threadRecord.id}` }] });
      expect((await seen(eventOf(further))).relation).toMatchObject({
        ...{ rel_type: 'm.thread', event_id: eventId, 'm.in_reply_to': { event_id: inThread } },
      });
    });
  });

  test('fifty messages that are changed, ten at a time, by both sides, end alike in the room and on the server', async () => {
    const random = seeded(SEED);
    const byUser = async (n: number): Promise<void> => {
      const eventId = await say(`user ${n}`);
      const edits: string[] = [];
      for (let times = Math.floor(random() * 3); times > 0; times -= 1)
        edits.push(await edit(eventId, `user ${n}, ${times} to come`));
      const last = edits.at(-1);
      if (random() < 0.3 && last !== undefined) await redact(last);
      if (random() < 0.3) await redact(eventId);
      // Emptied by its redaction, or as the homeserver shows it with its edits.
      const expected = async () => (await textSeen(eventId)) ?? 'in error';
      await eventually(async () => says(await recordOf(eventId)) === (await expected())).toBe(true);
    };
    const byPlatform = async (n: number): Promise<void> => {
      const record = await write({ payload: [{ contentString: `platform ${n}` }] });
      for (let times = Math.floor(random() * 3); times > 0; times -= 1)
        await change(record, { payload: [{ contentString: `platform ${n}, ${times} to come` }] });
      if (random() < 0.3) await change(record, { status: 'entered-in-error' });
      const expected = says(await read(record));
      await eventually(async () => (await textSeen(eventOf(record))) ?? 'in error').toBe(expected);
    };
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const tenth = async (first: number): Promise<void> => {
      for (const n of numbers.filter((each) => each % 10 === first))
        await (random() < 0.5 ? byUser(n) : byPlatform(n));
    };
    await Promise.all(numbers.slice(0, 10).map(tenth));
  });

  test('every record passes the FHIR server’s $validate', async () => {
    const written = await records();
    expect(written.length).toBeGreaterThan(60);
    expect(await validationErrors(context.fhirUrl, written)).toEqual([]);
  });
});
