// What a CommunicationRequest says is said first in its room: all of it, in order, once; without a sender by the platform.
import { describe, expect, test } from 'vitest';
import type { CommunicationRequest } from '../../../src/domain/fhir.ts';
import { sendFirstMessage } from '../../../src/flows/structure/first-message.ts';
import { findRoom } from '../../../src/store/rooms.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { BOT } from '../../builders/matrix.ts';
import { createRelayWorld, REQUEST, ROOM } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const bold = { contentType: 'text/html', data: Buffer.from('<b>bold</b>').toString('base64') };

async function openRoom(payload: NonNullable<CommunicationRequest['payload']>, sentAt?: number) {
  const { relay, sending } = await createRelayWorld(pool());
  const send = async () => {
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
  return { send, sending, contents };
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
      'of an attachment before a text',
      [{ contentAttachment: { title: 'a.pdf' } }, { contentString: 'see' }],
      ['Zorgplatform: see\n[1 attachment not shown here]'],
    ],
    [
      'of an attachment alone',
      [{ contentAttachment: { title: 'a.pdf' } }],
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
