// Requests to homeservers that others name: no redirects, small answers, a deadline, and no way into private networks.
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { BridgeError } from '../../telemetry/errors.ts';
import { isPublicAddress, lookupPublic, PrivateAddressError } from './public-addresses.ts';

/** Where a request goes. */
export interface Destination {
  /** Scheme, host and port to connect to. */
  readonly origin: string;
  /** The name in the certificate and the Host header, where it is not the origin's. */
  readonly name?: string;
  /** Given by the operator: it may lie in a private network. All else must be public, and speak TLS. */
  readonly configured: boolean;
}

export interface OutboundRequest {
  /** What it does, for errors: the path may hold a token. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string;
}

/** An answer; its body is undefined when it is no JSON. */
export interface OutboundAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Makes a request.
 * @throws BridgeError `matrix-unavailable` when there is no answer
 */
export type Outbound = (
  destination: Destination,
  request: OutboundRequest,
  signal: AbortSignal,
) => Promise<OutboundAnswer>;

const LARGEST_ANSWER_BYTES = 64 * 1024;

/** Makes requests with node:http(s), whose connections can be pinned to the address that was checked. */
export const sendOutbound: Outbound = async (destination, request, signal) => {
  try {
    return await send(destination, request, signal);
  } catch (error) {
    const code =
      error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
    throw new BridgeError('matrix-unavailable', `${request.operation}: ${code}`, { cause: error });
  }
};

async function send(
  destination: Destination,
  request: OutboundRequest,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const incoming = await exchange(destination, request, signal);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_ANSWER_BYTES) {
      incoming.destroy();
      return { status: incoming.statusCode ?? 0, body: undefined };
    }
    chunks.push(chunk);
  }
  return { status: incoming.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString('utf8')) };
}

function exchange(
  destination: Destination,
  { method, path, body }: OutboundRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const origin = new URL(destination.origin);
    const secure = origin.protocol === 'https:';
    if (!destination.configured && (!secure || !mayBePublic(origin.hostname))) {
      reject(new PrivateAddressError());
      return;
    }
    const options = connectionOptions(destination, origin);
    const outgoing: ClientRequest = (secure ? httpsRequest : httpRequest)(
      { ...options, method, path, signal },
      resolve,
    );
    outgoing.on('error', reject);
    if (body !== undefined) outgoing.setHeader('Content-Type', 'application/json');
    outgoing.end(body);
  });
}

/** A connection of its own for each request: agents keep theirs by name, past the check of the address. */
function connectionOptions(
  { configured, name }: Destination,
  origin: URL,
): RequestOptions & { servername?: string } {
  const hostname = bare(origin.hostname);
  const host = name ?? origin.host;
  const servername = bare(new URL(`https://${host}`).hostname);
  return {
    agent: false,
    host: hostname,
    ...(origin.port !== '' && { port: origin.port }),
    ...(configured ? {} : { lookup: lookupPublic }),
    ...(isIP(servername) === 0 && { servername }),
    headers: { Host: host, Accept: 'application/json', 'User-Agent': 'fhir-matrix-bridge' },
  };
}

/** Names are judged when they are resolved; addresses are not resolved, so they are judged here. */
const mayBePublic = (hostname: string): boolean =>
  isIP(bare(hostname)) === 0 || isPublicAddress(bare(hostname));

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
