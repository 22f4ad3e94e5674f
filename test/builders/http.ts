// Local HTTP servers for tests: ours, with routers, and scripted ones that stand for the two servers we call.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { RequestHandler, Router } from 'express';
import { onTestFinished } from 'vitest';
import { startHttpServer } from '../../src/ops/http-server.ts';
import { recordingLog } from './log.ts';

/** Serves routers as the daemon does, until the test ends; returns the URL. */
export async function serveRouters(...routers: readonly (Router | RequestHandler)[]): Promise<string> {
  const server = await startHttpServer({ host: '127.0.0.1', port: 0 }, routers, recordingLog());
  onTestFinished(() => server.close(0));
  return `http://127.0.0.1:${server.port}`;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An answer: a status with a body, JSON unless `headers` say otherwise. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface ScriptedServer {
  readonly url: string;
  readonly seen: SeenRequest[];
}

/** A server that answers as the script says; `undefined` leaves the caller waiting. With `tls` it speaks https. Ends with the test. */
export async function serveScript(
  script: (request: SeenRequest, index: number) => Answer | undefined | Promise<Answer | undefined>,
  tls?: ServerOptions,
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    // The caller may hang up in the middle of its request.
    const body = await text(incoming).catch(() => undefined);
    if (body === undefined) return;
    const request = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '', 'http://scripted'),
      headers: incoming.headers,
      body,
    };
    const given = await script(request, seen.push(request) - 1);
    if (given === undefined) return;
    const { status = 200, headers = { 'content-type': 'application/json' }, body: content = {} } = given;
    response.writeHead(status, headers).end(typeof content === 'string' ? content : JSON.stringify(content));
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void =>
    void answer(incoming, response);
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, seen };
}

/** Something to wait for, and the means to end the wait. */
export function gate<T = void>(): { readonly passed: Promise<T>; readonly open: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { passed: promise, open: resolve };
}
