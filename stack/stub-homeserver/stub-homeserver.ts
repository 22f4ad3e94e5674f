// A homeserver in memory, for load and fault injection only: what it does is held against the real one by
// test/contract. It serves the bridge (routes.ts) and users made with `addUser`; it does not federate.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appserviceOf, startPush } from './appservice.ts';
import { MatrixFailure } from './failure.ts';
import { createRequestCounter, type RequestCounts } from './request-counts.ts';
import type { Appservice, Reply } from './requests.ts';
import { identify, parseBody } from './requests.ts';
import { findRoute, type Match } from './routes.ts';
import type { World } from './world.ts';
import { addUser, createWorld } from './world.ts';

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
}

/** A running stub. */
export interface StubHomeserver {
  readonly url: string;
  readonly serverName: string;
  /** Adds a human user with a session. */
  readonly addUser: (localpart: string) => { readonly userId: string; readonly accessToken: string };
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
  const push = url === undefined ? undefined : startPush(world, appservice);
  const server = createServer((request, response) => {
    void answer({ world, appservice, request, onMatch: countIn(counter) }).then((reply) => {
      write(response, reply);
    });
  });
  // Longer than any client keeps a connection, so that none is closed while it is being used.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serverName,
    addUser: (localpart) => addHuman(world, localpart),
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
    const text = await readText(request);
    if (typeof found !== 'object')
      throw new MatrixFailure(found === 'other' ? 405 : 404, 'M_UNRECOGNIZED', 'Unrecognized request');
    const { route, params } = found;
    const query = new URLSearchParams(search);
    const { authorization } = request.headers;
    const requester = route.isOpen
      ? { userId: '', deviceId: undefined, isAppservice: false }
      : identify(world, appservice, { authorization, query, isRegistering: route.isRegistration });
    const hasBody = (method === 'PUT' || method === 'POST') && !route.isUpload;
    const body = hasBody ? parseBody(text, method === 'POST') : {};
    return await route.handler({ world, appservice, requester, params, query, body });
  } catch (error) {
    if (error instanceof MatrixFailure)
      return { status: error.status, body: { errcode: error.errcode, error: error.message } };
    return { status: 500, body: { errcode: 'M_UNKNOWN', error: 'Internal server error' } };
  }
}

function write(response: ServerResponse, { status, body }: Reply): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
