// Threads in the form of Medplum's messaging data model, with a real client and a real FHIR server: a header Communication, and
// messages that are part of it. The resources are those of Medplum's walkthrough, with ids of this file.
// https://github.com/medplum/medplum/blob/main/packages/examples/src/communications/messaging-examples.ts
import { EventType } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Resource } from '../../stack/demo/platform.ts';
import { awaitAllRead } from './bridges.ts';
import { aliases, practitioner } from './care.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import { botView, eventually, ghostOf, runCommand } from './rooms.ts';

type Message = Resource & {
  readonly id: string;
  readonly meta: { readonly versionId: string };
  readonly status: string;
  readonly identifier?: readonly { readonly value: string }[];
  readonly payload?: readonly { readonly contentString?: string }[];
};

describe.skipIf(inject('stackMissing') !== undefined)('a thread of Medplum', () => {
  let context: TestContext;
  let thread: string;
  let roomId: string;
  beforeAll(async () => {
    context = await startContext({
      BRIDGE_FHIR_THREADS: 'medplum',
      BRIDGE_MATRIX_CONVERSATION_SUBJECT: 'topic',
      BRIDGE_MATRIX_CONVERSATION_NAME: '{subject}',
      BRIDGE_READ_STATE_QUIET_SECONDS: '1',
    });
    const { platform, prefix, nurse } = context;
    thread = `${prefix}thread`;
    await platform.put(practitioner(`${prefix}house`, 'Dr. Gregory House'));
    await platform.put({
      ...{ resourceType: 'Communication', id: thread, status: 'in-progress' },
      topic: { text: 'Lab results - April 10th' },
      subject: { reference: `Patient/${prefix}client`, display: 'Homer Simpson' },
      sender: { reference: `RelatedPerson/${prefix}daughter`, display: 'Marge Simpson' },
      recipient: [
        { reference: `RelatedPerson/${prefix}daughter`, display: 'Marge Simpson' },
        { reference: `Practitioner/${prefix}nurse`, display: 'Nurse Jackie' },
      ],
      sent: '2026-04-10T09:00:00.000Z',
    });
    roomId = await nurse.join(aliases.room(thread));
  });
  afterAll(async () => {
    await context.end();
  });

  const daughter = () => ghostOf(`RelatedPerson/${context.prefix}daughter`);
  const read = async (id: string) => (await context.platform.read(`Communication/${id}`)) as Message;
  const messages = async () =>
    (await context.platform.search(
      `Communication?part-of=Communication/${thread}&_sort=sent`,
    )) as readonly Message[];
  const textOf = ({ payload }: Message) => payload?.[0]?.contentString;
  const recordOf = async (text: string) => (await messages()).find((each) => textOf(each) === text);
  const patch = async (id: string, over: object) => context.platform.put({ ...(await read(id)), ...over });
  /** A message by the daughter's platform, once the bridge has written the event's id to it. */
  const write = async (text: string, over: object = {}) => {
    const { prefix, platform, nurse } = context;
    const { id = '' } = await platform.post({
      ...{ resourceType: 'Communication', status: 'in-progress' },
      partOf: [{ reference: `Communication/${thread}` }],
      sender: { reference: `RelatedPerson/${prefix}daughter`, display: 'Marge Simpson' },
      recipient: [{ reference: `Practitioner/${prefix}nurse`, display: 'Nurse Jackie' }],
      payload: [{ contentString: text }],
      sent: '2026-04-10T10:00:00.000Z',
      ...over,
    });
    const event = await nurse.hear(roomId, text);
    await eventually(async () => (await read(id)).identifier?.[0]?.value).toBe(event.getId());
    return { id, event };
  };
  const say = async (text: string) => {
    const { event_id: eventId } = await context.nurse.client.sendEvent(roomId, EventType.RoomMessage, {
      msgtype: 'm.text',
      body: text,
    } as never);
    await eventually(() => recordOf(text)).toBeDefined();
    const record = await recordOf(text);
    if (record === undefined) throw new TypeError('Expected a record');
    return { eventId, id: record.id };
  };
  const seen = async (eventId: string) => {
    const { content, unsigned } = await context.nurse.client.fetchRoomEvent(roomId, eventId);
    const relations = unsigned as {
      'm.relations'?: { 'm.replace'?: { content?: Record<string, { body?: string }> } };
    };
    const replaced = relations['m.relations']?.['m.replace']?.content?.['m.new_content']?.body;
    return replaced ?? (content as { body?: string } | undefined)?.body;
  };

  test('its header opens a room with its participants and its topic', async () => {
    const state = await botView().state(roomId);
    expect(state['m.room.name ']).toEqual({ name: 'Lab results - April 10th' });
    expect(Object.keys(await botView().members(roomId))).toEqual(
      expect.arrayContaining([daughter(), context.nurse.userId]),
    );
  });

  test('its messages are said by their senders, and an answer to one is a reply', async () => {
    const { event, id } = await write('Will the results be ready by the end of the week?');
    expect(event.getSender()).toBe(daughter());
    expect(event.getTs()).toBe(Date.parse('2026-04-10T10:00:00.000Z'));
    const answer = await write('I ask because we leave on Friday.', {
      inResponseTo: [{ reference: `Communication/${id}` }],
    });
    expect(answer.event.replyEventId).toBe(event.getId());
  });

  test('a message of a user is part of the header, sent but not read, and addressed to the others', async () => {
    const { id } = await say('Yes, we will have them to you by Thursday.');
    expect(await read(id)).toMatchObject({
      status: 'in-progress',
      partOf: [{ reference: `Communication/${thread}`, type: 'Communication' }],
      sender: { reference: `Practitioner/${context.prefix}nurse` },
      recipient: [{ reference: `RelatedPerson/${context.prefix}daughter` }],
    });
  });

  test('a draft stays with its author until it is sent', async () => {
    const { platform, prefix, nurse } = context;
    const { id = '' } = await platform.post({
      ...{ resourceType: 'Communication', status: 'preparation' },
      partOf: [{ reference: `Communication/${thread}` }],
      sender: { reference: `RelatedPerson/${prefix}daughter` },
      payload: [{ contentString: 'Not yet' }],
    });
    await awaitAllRead(context);
    expect((await read(id)).identifier).toBeUndefined();
    await patch(id, {
      status: 'in-progress',
      payload: [{ contentString: 'Now it is finished' }],
      sent: '2026-04-10T11:00:00.000Z',
    });
    await nurse.hear(roomId, 'Now it is finished');
  });

  test('an edit crosses both ways', async () => {
    const { id, event } = await write('Take 100 E');
    await patch(id, { payload: [{ contentString: 'Take 10 E' }] });
    await eventually(() => seen(event.getId() ?? '')).toBe('Take 10 E');
    const own = await say('At nine');
    await context.nurse.client.sendEvent(roomId, EventType.RoomMessage, {
      ...{ msgtype: 'm.text', body: '* At ten', 'm.new_content': { msgtype: 'm.text', body: 'At ten' } },
      'm.relates_to': { rel_type: 'm.replace', event_id: own.eventId },
    } as never);
    await eventually(async () => textOf(await read(own.id))).toBe('At ten');
    expect(await read(own.id)).toMatchObject({
      status: 'in-progress',
      recipient: [{ reference: `RelatedPerson/${context.prefix}daughter` }],
    });
  });

  test('a retraction crosses both ways', async () => {
    const { id, event } = await write('To the wrong patient');
    await patch(id, { status: 'entered-in-error' });
    await eventually(() => seen(event.getId() ?? '')).toBeUndefined();
    const own = await say('In the wrong room');
    await context.nurse.client.redactEvent(roomId, own.eventId);
    await eventually(async () => (await read(own.id)).status).toBe('entered-in-error');
  });

  test('between two, a message that was read is completed, on both sides', async () => {
    const { nurse, prefix } = context;
    const { id, event } = await write('Have you seen this?');
    expect((await read(id)).status).toBe('in-progress');
    await nurse.client.sendReadReceipt(event);
    await eventually(() => read(id)).toMatchObject({
      status: 'completed',
      received: expect.stringMatching(/^20/) as string,
      identifier: [{ value: event.getId() }],
    });
    const own = await say('Yes, I have');
    await patch(own.id, { status: 'completed', received: new Date().toISOString() });
    const readUpTo = () => Promise.resolve(nurse.client.getRoom(roomId)?.getEventReadUpTo(daughter(), true));
    await eventually(readUpTo).toBe(own.eventId);
    expect(await read(own.id)).toMatchObject({
      recipient: [{ reference: `RelatedPerson/${prefix}daughter` }],
      meta: { versionId: '2' },
    });
  });

  test('in a group, the header says how far each has read, on both sides', async () => {
    const { nurse, prefix } = context;
    const house = `Practitioner/${prefix}house`;
    const before = (await read(thread)) as Message & { recipient: readonly object[] };
    await patch(thread, { recipient: [...before.recipient, { reference: house }] });
    await eventually(async () => (await botView().members(roomId))[ghostOf(house)]).toBe('join');
    const { id, event } = await write('To all of you', {
      recipient: [{ reference: `Practitioner/${prefix}nurse` }, { reference: house }],
    });
    await nurse.client.sendReadReceipt(event);
    const block = (person: string) => ({
      url: 'https://medplum.com/fhir/StructureDefinition/thread-read-state',
      extension: [
        { url: 'participant', valueReference: { reference: person } },
        { url: 'lastRead', valueReference: { reference: `Communication/${id}` } },
        { url: 'lastReadAt', valueDateTime: '2026-04-10T14:30:00.000Z' },
      ],
    });
    const readers = async () =>
      ((await read(thread)) as Message & { extension?: readonly ReturnType<typeof block>[] }).extension ?? [];
    await eventually(async () =>
      (await readers()).map(({ extension }) =>
        extension.slice(0, 2).map((each) => each.valueReference?.reference),
      ),
    ).toEqual([[`Practitioner/${prefix}nurse`, `Communication/${id}`]]);
    await patch(thread, { extension: [...(await readers()), block(house)] });
    const readUpTo = () =>
      Promise.resolve(nurse.client.getRoom(roomId)?.getEventReadUpTo(ghostOf(house), true));
    await eventually(readUpTo).toBe(event.getId());
    expect((await read(id)).status).toBe('in-progress');
    await patch(thread, { recipient: before.recipient });
    await eventually(async () => (await botView().members(roomId))[ghostOf(house)]).toBe('leave');
  });

  test('a participant who is added is in the room, and one who is removed is not', async () => {
    const house = `Practitioner/${context.prefix}house`;
    const before = (await read(thread)) as Message & { recipient: readonly object[] };
    await patch(thread, { recipient: [...before.recipient, { reference: house }] });
    await eventually(async () => (await botView().members(roomId))[ghostOf(house)]).toBe('join');
    await patch(thread, { recipient: before.recipient });
    await eventually(async () => (await botView().members(roomId))[ghostOf(house)]).toBe('leave');
  });

  test('one who leaves by Matrix is taken off the recipients of the header, which keeps all else', async () => {
    const { prefix, nurse } = context;
    await patch(thread, { note: [{ text: 'Kept' }] });
    await awaitAllRead(context);
    await nurse.client.leave(roomId);
    await eventually(() => read(thread)).toMatchObject({
      ...{ resourceType: 'Communication', status: 'in-progress' },
      topic: { text: 'Lab results - April 10th' },
      note: [{ text: 'Kept' }],
      recipient: [{ reference: `RelatedPerson/${prefix}daughter` }],
    });
    await patch(thread, {
      recipient: [
        { reference: `RelatedPerson/${prefix}daughter` },
        { reference: `Practitioner/${prefix}nurse` },
      ],
    });
    await nurse.join(aliases.room(thread));
  });

  test('a thread that is closed can be read, and is open again when it is reopened', async () => {
    const { nurse } = context;
    await patch(thread, { status: 'completed' });
    await awaitAllRead(context);
    await expect(nurse.say(roomId, 'Too late')).rejects.toThrow();
    await patch(thread, { status: 'in-progress' });
    await awaitAllRead(context);
    await say('In time');
  });

  test('a comparison with the server finds nothing that differs', async () => {
    await awaitAllRead(context);
    const compared = { code: 0, stdout: '1 compared, 0 would be changed, 0 failed.\n', stderr: '' };
    expect(await runCommand(context.bridge, 'resync', '--dry-run')).toEqual(compared);
    const header = `Communication/${thread}`;
    expect(await runCommand(context.bridge, 'resync', '--dry-run', header)).toEqual(compared);
    // Which is how all threads of a server are found.
    const headers = await context.platform.search(`Communication?part-of:missing=true&_id=${thread}`);
    expect(headers.map(({ id }) => id)).toEqual([thread]);
  });
});
