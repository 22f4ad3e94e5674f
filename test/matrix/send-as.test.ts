// What was sent before is known by its delivery id, and only where the bridge itself sent it: anyone can work out such an id.
import { expect, test } from 'vitest';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { createSendAs } from '../../src/matrix/send-as.ts';
import { communicationDeliveryId } from '../../src/mapping/delivery-ids.ts';
import type { RoomId } from '../../src/domain/ids.ts';
import { serveScript } from '../builders/http.ts';
import { BOT } from '../builders/matrix.ts';

const DELIVERY = communicationDeliveryId('Communication/1');
const ROOM = '!room:example.org' as RoomId;
const SIGNAL = new AbortController().signal;

const event = (id: string, sender: string) => ({
  ...{ type: 'm.room.message', event_id: id, sender, origin_server_ts: 1, room_id: ROOM },
  content: { msgtype: 'm.text', body: 'x', 'io.github.fhir-matrix-bridge.delivery_id': DELIVERY },
});

async function found(...chunk: readonly object[]) {
  const { url } = await serveScript(() => ({ status: 200, body: { chunk } }));
  const client = createMatrixClient({
    ...{ homeserverUrl: url, asToken: 'as-token-0123456789', maxConcurrentRequests: 1 },
    ...{ requestTimeoutMs: 5_000, observe: () => () => undefined },
  });
  const isOwn = (userId: string): boolean => userId.startsWith('@_fhir_');
  const sending = createSendAs({ homeserver: createHomeserver(client), bot: BOT, isOwn });
  const sent = await sending.findSent({ roomId: ROOM, viewer: BOT }, [DELIVERY], SIGNAL);
  return sent.get(DELIVERY);
}

test('an event of a ghost is found', async () => {
  expect(await found(event('$own', '@_fhir_7:example.org'))).toMatchObject({ event_id: '$own' });
});

test('one of somebody else, with the delivery id copied into it, is not, and hides none of a ghost', async () => {
  expect(await found(event('$copied', '@mallory:elsewhere.example'))).toBeUndefined();
  expect(
    await found(event('$copied', '@mallory:elsewhere.example'), event('$own', '@_fhir_7:example.org')),
  ).toMatchObject({ event_id: '$own' });
});
