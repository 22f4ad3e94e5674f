// A homeserver in memory, for load and fault injection only: what it does is held against the real one by
// test/contract. It serves the bridge (routes.ts) and users made with `addUser`; it does not federate.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { appserviceOf, startPush, type PushCounts, type Serialize } from './appservice.ts';
import { copyRoom } from './copy-room.ts';
import { MatrixFailure } from './failure.ts';
import { forgeBeside, forgeEvent, type Beside } from './forged.ts';
import { createRequestCounter, type RequestCounts } from './request-counts.ts';
import type { Appservice, Reply } from './requests.ts';
import { identify, parseBody } from './requests.ts';
import { findRoute, type Match } from './routes.ts';
import { token } from './timeline.ts';
import type { World } from './world.ts';
import { addUser, createWorld, type StoredEvent } from './world.ts';

/** How to start the stub. */
export interface StubOptions {
  readonly serverName: string;
  readonly asToken: string;
  /** A free one unless told. */
  readonly port?: number;
  /** Shown to the bridge when it is pinged and pushed to. */
  readonly hsToken?: string;
  /** Where the bridge listens; without it nothing is pushed. */
  readonly appserviceUrl?: string;
  /** How bodies become text, for tests of what `JSON.stringify` cannot write. */
  readonly serialize?: Serialize;
}

/** A running stub. */
export interface StubHomeserver {
  readonly url: string;
  readonly serverName: string;
  /** Adds a human user with a session. */
  readonly addUser: (localpart: string) => { readonly userId: string; readonly accessToken: string };
  /** Adds a copy of a room, of which nothing is told. */
  readonly copyRoom: (roomId: string, copy: { readonly roomId: string; readonly alias: string }) => void;
  /** Has a room show, and push, this in the place of an event. */
  readonly forge: (roomId: string, event: unknown) => void;
  /** Has `/sync` show this once, beside timelines. */
  readonly forgeBeside: (beside: Beside, roomId: string, events: readonly unknown[]) => void;
  /** Called after each event of any room. */
  readonly listeners: Set<(event: StoredEvent) => void>;
  /** What became of the transactions so far. */
  readonly pushCounts: () => PushCounts;
  /** The token of `/sync` at this moment. */
  readonly position: () => string;
  /** The requests since the start, or the last reset. */
  readonly requests: () => RequestCounts;
  readonly reset: () => void;
  readonly stop: () => Promise<void>;
}

/** Starts the stub with an empty world, which ends with it. */
export async function startStubHomeserver(options: StubOptions): Promise<StubHomeserver> {
  const { serverName, asToken, hsToken = '', appserviceUrl: url, port = 0 } = options;
  const world = createWorld(serverName);
  const appservice = appserviceOf({ serverName, asToken, hsToken, url });
  const counter = createRequestCounter();
  const { serialize = JSON.stringify } = options;
  const push = url === undefined ? undefined : startPush(world, appservice, serialize);
  const server = createServer((request, response) => {
    void answer({ world, appservice, request, onMatch: countIn(counter) }).then((reply) => {
      write(response, reply, serialize);
    });
  });
  // Longer than any client keeps a connection, so that none is closed while it is being used.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serverName,
    addUser: (localpart) => addHuman(world, localpart),
    copyRoom: (roomId, copy) => {
      copyRoom(world, roomId, copy);
    },
    forge: (roomId, event) => {
      forgeEvent(world, roomId, event);
    },
    forgeBeside: (beside, roomId, events) => {
      forgeBeside(world, beside, roomId, events);
    },
    listeners: world.listeners,
    pushCounts: () => push?.counts() ?? { waiting: 0, failed: 0 },
    position: () => token(world.stream.length),
    requests: counter.requests,
    reset: counter.reset,
    async stop() {
      server.closeAllConnections();
      await Promise.all([push?.stop(), new Promise((resolve) => server.close(resolve))]);
    },
  };
}

function addHuman(world: World, localpart: string): { userId: string; accessToken: string } {
  const userId = `@${localpart}:${world.serverName}`;
  const accessToken = randomBytes(24).toString('hex');
  const deviceId = 'SESSION';
  addUser(world, userId).devices.set(deviceId, undefined);
  world.tokens.set(accessToken, { userId, deviceId });
  return { userId, accessToken };
}

function countIn(counter: ReturnType<typeof createRequestCounter>) {
  return (found: Match | undefined): void => {
    if (found === undefined) counter.count('unknown', 'write');
    else counter.count(found.route.operation, found.route.kind);
  };
}

async function answer({
  world,
  appservice,
  request,
  onMatch,
}: {
  world: World;
  appservice: Appservice;
  request: IncomingMessage;
  onMatch: (found: Match | undefined) => void;
}): Promise<Reply> {
  const { method = '', url: target = '' } = request;
  const [pathname = '', search = ''] = target.split('?');
  const found = findRoute(method, pathname);
  onMatch(typeof found === 'object' ? found : undefined);
  try {
    const bytes = await buffer(request);
    if (typeof found !== 'object')
      throw new MatrixFailure(found === 'other' ? 405 : 404, 'M_UNRECOGNIZED', 'Unrecognized request');
    const { route, params } = found;
    const query = new URLSearchParams(search);
    const { authorization } = request.headers;
    const requester = route.isOpen
      ? { userId: '', deviceId: undefined, isAppservice: false }
      : identify(world, appservice, { authorization, query, isRegistering: route.isRegistration });
    const file = { contentType: request.headers['content-type'] ?? '', bytes };
    const hasBody = (method === 'PUT' || method === 'POST') && !route.isUpload;
    const body = hasBody ? parseBody(bytes.toString('utf8'), method === 'POST') : {};
    return await route.handler({ world, appservice, requester, params, query, body, file });
  } catch (error) {
    if (error instanceof MatrixFailure)
      return { status: error.status, body: { errcode: error.errcode, error: error.message } };
    return { status: 500, body: { errcode: 'M_UNKNOWN', error: 'Internal server error' } };
  }
}

function write(response: ServerResponse, { status, body, file }: Reply, serialize: Serialize): void {
  if (file !== undefined) {
    response.writeHead(status, { 'content-type': file.contentType, 'content-length': file.bytes.length });
    response.end(file.bytes);
    return;
  }
  const text = serialize(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
