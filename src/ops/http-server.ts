// The one HTTP listener: routers in, a server out that can be drained without losing a request.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type RequestHandler, type Router } from 'express';
import type { Log } from '../telemetry/log.ts';
import { followTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.ts';

/** Where to listen; with `tls` it is https. */
export interface Listen {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
}

export interface HttpServer {
  /** The port; the system chooses one if the configured port is 0. */
  readonly port: number;
  /** From now on every answer closes its connection, so that callers go to another replica. */
  drain(): void;
  /** Accepts no more connections, and resolves when all have ended, or after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** How much callers may take up. A connection that is refused for these is closed. */
export interface HttpLimits {
  readonly mostConnections: number;
  /** How long a connection may be idle between two requests. */
  readonly keepAliveMs: number;
  /** How long the head of a request may take, from the connection or its first byte on. */
  readonly headMs: number;
  /** How long a whole request may take to come in. */
  readonly requestMs: number;
  readonly headBytes: number;
}

export const LIMITS: HttpLimits = {
  mostConnections: 1_000,
  // Synapse keeps idle connections for 120 s, and does not repeat a PUT if the bridge closes one first.
  keepAliveMs: 125_000,
  headMs: 15_000,
  requestMs: 60_000,
  headBytes: 16_384,
};

/** Of the listener for operators: it is asked now and then, by few. */
export const OPS_LIMITS: HttpLimits = { ...LIMITS, mostConnections: 50, keepAliveMs: 30_000 };

/** How often connections are looked at that take too long; so much longer may each take. */
const MOST_BETWEEN_LOOKS_MS = 5_000;
const MOST_HEADERS = 100;

/**
 * Starts listening.
 * @throws Error `EADDRINUSE` and the like, or what is wrong with the files of `tls`
 */
export async function startHttpServer(
  { host, port, tls }: Listen,
  routers: readonly (Router | RequestHandler)[],
  log: Log,
  limits = LIMITS,
): Promise<HttpServer> {
  let draining = false;
  const unanswered = new Set<ServerResponse>();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((_request, response, next) => {
    if (draining) response.set('Connection', 'close');
    unanswered.add(response);
    response.once('close', () => unanswered.delete(response));
    next();
  });
  for (const router of routers) app.use(router);
  app.use((_request, response) => {
    response.status(404).json({ error: 'No such endpoint' });
  });
  app.use(reportError(log));
  const server = await createListener(tls, log, limits, (request, response) => {
    app(request, response);
  });
  server.maxConnections = limits.mostConnections;
  server.maxHeadersCount = MOST_HEADERS;
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    drain() {
      draining = true;
      for (const response of unanswered) if (!response.headersSent) response.setHeader('Connection', 'close');
    },
    close: (graceMs) => closeServer(server, graceMs),
  };
}

/** TLS accepts every client: only the routes that need a client certificate check it. */
async function createListener(
  tls: TlsFiles | undefined,
  log: Log,
  { keepAliveMs, headMs, requestMs, headBytes }: HttpLimits,
  listener: RequestListener,
): Promise<Server | TlsServer> {
  const times = {
    ...{ keepAliveTimeout: keepAliveMs, headersTimeout: headMs, requestTimeout: requestMs },
    ...{ maxHeaderSize: headBytes, connectionsCheckingInterval: Math.min(MOST_BETWEEN_LOOKS_MS, headMs) },
  };
  if (tls === undefined) return createServer(times, listener);
  const pem = await readTlsFiles(tls);
  const asked = { requestCert: tls.clientCaFile !== undefined, rejectUnauthorized: false };
  const server = createTlsServer({ ...times, ...pem, ...asked, handshakeTimeout: headMs }, listener);
  server.once('close', followTlsFiles(server, tls, pem, log));
  return server;
}

async function closeServer(server: Server | TlsServer, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  await closed;
  clearTimeout(timer);
}

/** An error about a body that is too large or not JSON has a status; every other error is a fault of the bridge. */
function reportError(log: Log): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const status =
      typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
        ? error.status
        : 500;
    if (status >= 500) log.error({ error }, 'A request failed with an unexpected error');
    if (response.headersSent) {
      next(error);
      return;
    }
    response
      .status(status)
      .json({ errcode: status === 413 ? 'M_TOO_LARGE' : 'M_NOT_JSON', error: 'The request cannot be read' });
  };
}
