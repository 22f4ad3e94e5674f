// How the homeserver reaches the bridge: the ping, and transactions of events, on Synapse and on the stub alike.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DeliveryId, MatrixUserId, RoomId } from '../../src/domain/ids.ts';
import { APPSERVICE_ID } from '../../src/matrix/registration.ts';
import { waitUntil } from '../../stack/wait.ts';
import { endSharedBridge } from '../e2e/bridges.ts';
import type { Subject } from './subject.ts';
import { HOMESERVERS, startSubject } from './subject.ts';

interface Asked {
  readonly path: string;
  readonly body: unknown;
}

describe.each(HOMESERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing)('transactions', () => {
    let hs: Subject;
    let sent = 0;
    beforeAll(async () => {
      hs = await startSubject(name);
    });
    afterAll(() => hs.end());

    const say = (as: MatrixUserId, roomId: RoomId): Promise<string> => {
      sent += 1;
      const content = { msgtype: 'm.text', body: 'x' };
      const deliveryId = `${as}/${sent}` as DeliveryId;
      return hs.homeserver.sendEvent({ as, roomId, type: 'm.room.message', deliveryId, content });
    };

    test('the bridge is pinged and pushed to with the hs_token', async () => {
      const as = await hs.ghost('pinger');
      const roomId = await hs.homeserver.createRoom(as, { room_version: '12' });
      const ping = () => hs.homeserver.ping(as, APPSERVICE_ID);
      await expect(ping()).rejects.toMatchObject({ status: 502, errcode: 'M_CONNECTION_FAILED' });
      await expect(hs.homeserver.ping(as, 'another')).rejects.toMatchObject({
        status: 403,
        errcode: 'M_FORBIDDEN',
      });

      const seen = await listenAsBridge(hs.appservice);
      // One that goes over a connection to the listener before this one fails.
      const tookMs = await waitUntil(() => ping().catch(() => undefined), {
        ...{ what: 'the homeserver reaches the bridge', timeoutMs: 10_000 },
      });
      expect(tookMs).toBeGreaterThanOrEqual(0);
      expect(seen.requests).toContainEqual({
        path: '/_matrix/app/v1/ping',
        body: { transaction_id: 'ping' },
      });

      // Synapse may leave what it has not delivered so far until the next event comes.
      const said = new Set<string>();
      const isPushed = async () => {
        said.add(await say(as, roomId));
        return seen.events().find((event) => said.has(event.event_id));
      };
      expect(await waitUntil(isPushed, { what: 'a message is pushed', timeoutMs: 60_000 })).toMatchObject({
        room_id: roomId,
        sender: as,
        type: 'm.room.message',
        content: { msgtype: 'm.text', body: 'x' },
      });
    });

    test('a transaction that the bridge refuses comes again as it was, under its id', async () => {
      const as = await hs.ghost('refused');
      const roomId = await hs.homeserver.createRoom(as, { room_version: '12' });
      const said = new Set<string>();
      let refused: Asked | undefined;
      const { requests } = await listenAsBridge(hs.appservice, (asked) => {
        if (refused !== undefined || !eventsIn(asked).some(({ event_id: id }) => said.has(id))) return false;
        refused = asked;
        return true;
      });
      // A ping ends the time that Synapse gives a bridge which did not answer, by now perhaps minutes. One that goes over a
      // connection to the listener before this one fails.
      const wake = () => hs.homeserver.ping(as, APPSERVICE_ID).catch(() => undefined);
      const isRefused = async () => {
        await wake();
        said.add(await say(as, roomId));
        return refused;
      };
      const first = await waitUntil(isRefused, { what: 'a message is pushed', timeoutMs: 60_000 });
      said.add(await say(as, roomId));
      const isAgain = async () => {
        await wake();
        const since = requests.slice(requests.indexOf(first) + 1);
        return since.find(({ path }) => path === first.path);
      };
      const second = await waitUntil(isAgain, { what: 'a transaction comes again', timeoutMs: 60_000 });
      const idsIn = (asked: Asked) => eventsIn(asked).map(({ event_id: id }) => id);
      expect(idsIn(second)).toEqual(idsIn(first));
    });
  });
});

/**
 * Listens where the bridge would, answers `{}` to who shows the hs_token, and remembers what was asked.
 * @param isRefused tells of a request whether it is answered 500
 */
async function listenAsBridge(
  { port, hsToken }: Subject['appservice'],
  isRefused: (request: Asked) => boolean = () => false,
) {
  await endSharedBridge();
  const requests: Asked[] = [];
  const server = createServer((request, response) => {
    const isHomeserver = request.headers.authorization === `Bearer ${hsToken}`;
    void text(request).then((body) => {
      // A question about a user or an alias has no body.
      const asked = {
        path: request.url ?? '',
        body: body === '' ? undefined : (JSON.parse(body) as unknown),
      };
      if (isHomeserver) requests.push(asked);
      const status = isHomeserver ? (isRefused(asked) ? 500 : 200) : 403;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { requests, events: () => requests.flatMap(eventsIn) };
}

function eventsIn({ body }: Asked): readonly { readonly event_id: string }[] {
  return (body as { events?: readonly { event_id: string }[] } | undefined)?.events ?? [];
}
