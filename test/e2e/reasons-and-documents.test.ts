// What a record may refer to besides, by configuration: the reason of a redaction, and a file as a document; with a real Matrix
// client, Synapse and HAPI.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import type { Conversation, TestContext } from './context.ts';
import { awaitRecords, startContext } from './context.ts';
import { eventually } from './rooms.ts';
import { validationErrors } from './validate.ts';

const TEXT = Buffer.from('The wound looks better.\n');

describe.skipIf(inject('stackMissing') !== undefined)('a record', () => {
  let context: TestContext;
  let conversation: Conversation;
  let roomId: string;
  beforeAll(async () => {
    context = await startContext({
      BRIDGE_MESSAGES_RETRACTION_REASON: 'provenance',
      BRIDGE_ATTACHMENTS_RECORDED_AS: 'document-reference',
    });
    conversation = await context.createConversation('documents', 'How is she today?');
    roomId = await context.nurse.join(conversation.room);
  });
  afterAll(async () => {
    await context.end();
  });

  test('of a file refers to its document; a redaction retracts both, and its reason is a Provenance', async () => {
    const { client } = context.nurse;
    const { content_uri: url } = await client.uploadContent(new Blob([Uint8Array.from(TEXT)]), {
      type: 'text/plain',
    });
    const content = { msgtype: 'm.file', body: 'wound.txt', url, info: { mimetype: 'text/plain' } };
    const { event_id: eventId } = await client.sendEvent(roomId, 'm.room.message' as never, content as never);
    const [record] = await awaitRecords(context.platform, conversation.id, (all) => all.length === 1);
    const documents = () =>
      context.platform.search(`DocumentReference?related=CommunicationRequest/${conversation.id}`);
    const [document] = await documents();
    expect(document).toMatchObject({ status: 'current', content: [{ attachment: { title: 'wound.txt' } }] });
    expect(record?.payload).toMatchObject([
      { contentReference: { reference: `DocumentReference/${document?.id}` } },
    ]);
    await client.redactEvent(roomId, eventId, undefined, { reason: 'Sent to the wrong room' });
    const reasons = () => context.platform.search(`Provenance?target=Communication/${record?.id ?? ''}`);
    await eventually(reasons).toMatchObject([
      { reason: [{ text: 'Sent to the wrong room' }], agent: [{ who: { type: 'Practitioner' } }] },
    ]);
    await eventually(documents).toMatchObject([{ status: 'entered-in-error' }]);
    const written = [...(await reasons()), ...(await documents())];
    expect(await validationErrors(context.fhirUrl, written)).toEqual([]);
  });

  test('that refers to a document of the platform is its file in the room', async () => {
    const { prefix, platform, nurse } = context;
    await platform.put({
      ...{ resourceType: 'DocumentReference', id: `${prefix}letter`, status: 'current' },
      content: [
        { attachment: { contentType: 'text/plain', data: TEXT.toString('base64'), title: 'letter.txt' } },
      ],
    });
    const reference = `DocumentReference/${prefix}letter`;
    await platform.put({
      ...{ ...communication(prefix, conversation.id, ''), id: `${prefix}with-letter` },
      payload: [{ contentReference: { reference } }],
    });
    await nurse.hear(roomId, 'letter.txt');
  });
});
