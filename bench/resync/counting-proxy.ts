// A proxy that counts what goes through it by operation, and tells reads from writes; it changes nothing.
import { Agent, createServer, request as forward } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createRequestCounter,
  type RequestCounts,
  type RequestKind,
} from '../../stack/stub-homeserver/request-counts.ts';
import { findRoute } from '../../stack/stub-homeserver/routes.ts';

/** What a request does, and whether that changes anything. */
export interface Operation {
  readonly name: string;
  readonly kind: RequestKind;
}

/** Tells the operation of a request. */
export type Classify = (method: string, url: URL, body: string) => Operation;

/** A running proxy. */
export interface CountingProxy {
  readonly url: string;
  readonly requests: () => RequestCounts;
  readonly reset: () => void;
  readonly stop: () => Promise<void>;
}

/** Starts a proxy in front of a server. */
export async function startCountingProxy(target: string, classify: Classify): Promise<CountingProxy> {
  const counter = createRequestCounter();
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    void readBody(incoming).then((body) => {
      const { method = 'GET', url: path = '/', headers } = incoming;
      const { name, kind } = classify(method, new URL(path, target), body.toString('utf8'));
      counter.count(name, kind);
      pass({ agent, target, method, path, headers, body }, outgoing);
    });
  });
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: counter.requests,
    reset: counter.reset,
    async stop() {
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The client-server API, by the routes that the stub homeserver knows. */
export const matrixOperation: Classify = (method, { pathname }) => {
  const found = findRoute(method, pathname);
  if (typeof found === 'object') return { name: found.route.operation, kind: found.route.kind };
  return { name: `${method} (unknown)`, kind: method === 'GET' ? 'read' : 'write' };
};

/** The RESTful API of FHIR: a search by its parameters, a bundle of nothing but reads as a read. */
export const fhirOperation: Classify = (method, { pathname, searchParams }, body) => {
  const [type = '', id] = pathname.replace(/^\/fhir\/?/, '').split('/');
  const parameters = [...new Set(searchParams.keys())].filter((name) => name !== '_count').sort();
  const search = parameters.length === 0 ? '' : `?${parameters.join('&')}`;
  const name = `${method} /${type}${id === undefined ? '' : '/{id}'}${search}`;
  const isRead = method === 'GET' || id === '_search' || (type === '' && isReadingBundle(body));
  return { name, kind: isRead ? 'read' : 'write' };
};

function isReadingBundle(body: string): boolean {
  const { entry = [] } = JSON.parse(body) as { entry?: readonly { request?: { method?: string } }[] };
  return entry.every(({ request }) => request?.method === 'GET');
}

function pass(
  given: {
    readonly agent: Agent;
    readonly target: string;
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
  },
  outgoing: ServerResponse,
): void {
  const { agent, target, method, path, headers, body } = given;
  // With the caller's Host, by which HAPI writes the links to the next page.
  const upstream = forward(new URL(path, target), { agent, method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.destroy());
  upstream.end(body);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
