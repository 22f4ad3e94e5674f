// What a CommunicationRequest says is said first in its room: all of it, in order, once; without a sender by the platform.
import { describe, expect, test } from 'vitest';
import type { CommunicationRequest } from '../../../src/domain/fhir.ts';
import type { Carried } from '../../../src/domain/files.ts';
import type { MxcUri } from '../../../src/domain/ids.ts';
import type { Files, MatrixCopy } from '../../../src/files/files.ts';
import { sendFirstMessage } from '../../../src/flows/structure/first-message.ts';
import { findRoom } from '../../../src/store/rooms.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { edit, reaction, redaction } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { BOT } from '../../builders/matrix.ts';
import { createRelayWorld, REQUEST, ROOM } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const bold = { contentType: 'text/html', data: Buffer.from('<b>bold</b>').toString('base64') };

type Payload = NonNullable<CommunicationRequest['payload']>;

async function openRoom(
  first: Payload,
  sentAt?: number,
  upload: (id: string) => Promise<Carried<MatrixCopy>> = () => Promise.reject(new TypeError('No file')),
) {
  const files: Files = {
    toFhir: () => Promise.reject(new TypeError('No file')),
    toMatrix: ({ id }) => upload(id),
  };
  const { relay, sending, toFhir } = await createRelayWorld(pool(), undefined, { files });
  const send = async (payload: Payload = first) => {
    const row = await findRoom(pool(), REQUEST);
    const firstMessage = { payload, author: undefined, sentAt };
    await sendFirstMessage(
      relay,
      { spec: { reference: REQUEST, versionId: '1', subject: undefined, firstMessage }, row },
      ROOM,
      never,
    );
  };
  await send();
  const contents = () => sending.sent.map((sent) => ('content' in sent ? sent.content : undefined));
  const told = async () => {
    const sql = `select payload from item where source = 'undelivered' order by source_id`;
    return (await pool().query<{ payload: unknown }>(sql)).rows.map(({ payload: each }) => each);
  };
  return { send, sending, contents, toFhir, told };
}

describe('the payload', () => {
  test.each([
    ['of a text', [{ contentString: 'first' }], ['Zorgplatform: first']],
    [
      'of several texts',
      [{ contentString: 'first' }, { contentString: 'second' }],
      ['Zorgplatform: first\nsecond'],
    ],
    ['of a formatted text', [{ contentAttachment: bold }], ['Zorgplatform: bold']],
    [
      'of a reference before a text',
      [{ contentReference: { reference: 'Task/1' } }, { contentString: 'see' }],
      ['Zorgplatform: see\n[1 attachment not shown here]'],
    ],
    [
      'of a reference alone',
      [{ contentReference: { reference: 'Task/1' } }],
      ['Zorgplatform: [1 attachment not shown here]'],
    ],
    [
      'of a text for two events',
      [{ contentString: `${'a'.repeat(20_000)}\n\n${'b'.repeat(20_000)}` }],
      [`Zorgplatform: ${'a'.repeat(20_000)}\n(1/2)`, `${'b'.repeat(20_000)}\n(2/2)`],
    ],
    ['of spaces', [{ contentString: ' ' }], []],
  ])('%s', async (_, payload, bodies) => {
    const { contents } = await openRoom(payload);
    expect(contents().map((content) => content?.['body'])).toEqual(bodies);
  });
});

test('is sent once, and mentions nobody', async () => {
  const { send, contents, sending } = await openRoom([{ contentString: '@room' }]);
  await send();
  expect(contents()).toMatchObject([{ msgtype: 'm.text', body: 'Zorgplatform: @room', 'm.mentions': {} }]);
  expect(sending.sent).toMatchObject([{ as: BOT, roomId: ROOM }]);
});

test('is not of the future', async () => {
  const { sending } = await openRoom([{ contentString: 'a' }], Date.UTC(2031, 0, 1));
  expect(sending.sent).toMatchObject([{ timestamp: Date.UTC(2026, 10, 29, 12) }]);
});

describe('files', () => {
  const payload = [
    { contentAttachment: { title: 'a.pdf', url: 'Binary/1' } },
    { contentString: 'see' },
    { contentAttachment: { title: 'b.pdf', url: 'Binary/2' } },
  ];
  const uri = 'mxc://example.org/up' as MxcUri;

  test('follow the text, each as a message of its own', async () => {
    const { contents } = await openRoom(payload, undefined, () =>
      Promise.resolve({ kind: 'carried', contentType: 'application/pdf', size: 7, uri }),
    );
    expect(contents()).toMatchObject([
      { msgtype: 'm.text', body: 'Zorgplatform: see' },
      { msgtype: 'm.file', body: 'Zorgplatform: a.pdf', filename: 'a.pdf', url: uri, 'm.mentions': {} },
      { msgtype: 'm.file', filename: 'b.pdf', url: uri },
    ]);
  });

  test('that are refused leave a text, and the platform is told, once', async () => {
    const { contents, send, told } = await openRoom(payload, undefined, () =>
      Promise.resolve({ kind: 'refused', reason: 'infected' }),
    );
    await send(payload);
    expect(contents()).toMatchObject([
      { body: 'Zorgplatform: see' },
      { body: '[A file is missing here, a.pdf: malware was found in it]' },
      { body: '[A file is missing here, b.pdf: malware was found in it]' },
    ]);
    const report = { kind: 'undelivered', communication: REQUEST, state: 'content-lost' };
    expect(await told()).toEqual([report]);
  });

  test('that fail are tried again, however much later, without what was sent before, and only then all counts as said', async () => {
    const failures = [new BridgeError('fhir-unavailable', 'no answer')];
    const asked: string[] = [];
    const { send, sending } = await openRoom([], undefined, (id) => {
      asked.push(id);
      const failure = failures.shift();
      return failure === undefined
        ? Promise.resolve({ kind: 'carried', contentType: 'application/pdf', size: 7, uri })
        : Promise.reject(failure);
    });
    await expect(send(payload)).rejects.toThrow('fhir-unavailable');
    expect((await findRoom(pool(), REQUEST))?.firstMessageEventId).toBeUndefined();
    // As a homeserver does after a day.
    sending.known.clear();
    await send(payload);
    expect(sending.sent).toHaveLength(3);
    expect(new Set(asked).size).toBe(2);
    expect((await findRoom(pool(), REQUEST))?.firstMessageEventId).toBe('$sent1');
  });
});

test('of which a part cannot be shown is told to its platform', async () => {
  const { told } = await openRoom([{ contentReference: { reference: 'Task/1' } }]);
  expect(await told()).toMatchObject([{ communication: REQUEST, state: 'content-lost' }]);
});

describe('what refers to a part of it', () => {
  const long = [{ contentString: `${'a'.repeat(20_000)}\n\n${'b'.repeat(20_000)}` }];
  const second = '$sent2';

  test('does not wait for a record of it: a reply is recorded at once, and is not marked', async () => {
    const { toFhir } = await openRoom(long);
    const content = {
      msgtype: 'm.text',
      body: 'yes',
      'm.relates_to': { 'm.in_reply_to': { event_id: second } },
    };
    const { result, facts } = await toFhir({ content });
    expect({ result, facts }).toMatchObject({ result: 'done', facts: [{ kind: 'created' }] });
  });

  test.each([
    ['a reaction', reaction('$like', second)],
    ['a redaction', redaction('$r', second)],
  ])('cannot change the conversation: %s is told to its sender', async (_, event) => {
    const { toFhir } = await openRoom(long);
    expect(await toFhir(event)).toMatchObject({
      result: 'unsupported-event',
      next: [{ payload: { kind: 'message-notice', reason: 'unsupported-event' } }, {}],
    });
  });

  test('and edits it without being its author is refused at once', async () => {
    const { toFhir } = await openRoom(long);
    expect(await toFhir(edit('$e', '1000 E', 1, second))).toMatchObject({ result: 'not-the-author' });
  });
});
