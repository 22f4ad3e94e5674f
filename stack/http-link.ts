// A way to an HTTP server on which requests and answers go wrong as a test tells: late, cut, lost, refused, or never answered.
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What can go wrong with a request. */
export const TROUBLES = [
  'late',
  'not taken',
  'answer cut',
  'answer lost',
  'never taken',
  'never answered',
  'status 429',
  'status 500',
  'status 502',
] as const;
/** One of them. `answer …` and `never answered` come after the effect, the others before it. */
export type Trouble = (typeof TROUBLES)[number];

/** What goes wrong for a while. */
export interface Disturbance {
  readonly troubles: readonly Trouble[];
  /** Which share of the requests, from 0 up to 1. */
  readonly share: number;
  /** Numbers from 0 up to 1 that decide. */
  readonly random: () => number;
}

/** A whole request, or a whole answer. */
export interface Whole {
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}
/** A whole request. */
export interface WholeRequest extends Whole {
  /** The connection on which it came. */
  readonly from: Socket;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
}
/** A whole answer. */
export interface WholeAnswer extends Whole {
  readonly status: number;
}

/** A running way. */
export interface HttpLink {
  /** Where it listens, without a path. */
  readonly origin: string;
  /** From now on, this goes wrong; undefined for nothing. */
  disturb(disturbance: Disturbance | undefined): void;
  close(): Promise<void>;
}

/** Longer than anyone waits for an answer. */
const NEVER_MS = 120_000;
const LATEST_MS = 1_500;

/**
 * Opens the way.
 * @param answer passes a request on, and brings the answer back; it throws where none came
 * @param port 0 for any
 */
export async function openHttpLink(
  answer: (request: WholeRequest) => Promise<WholeAnswer>,
  port = 0,
): Promise<HttpLink> {
  let disturbance: Disturbance | undefined;
  const closing = new AbortController();
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const trouble = drawTrouble(disturbance);
    const body = await readWhole(incoming);
    const { method = 'GET', url: path = '/', headers, socket: from } = incoming;
    if (trouble === 'late')
      await sleep((disturbance?.random() ?? 0) * LATEST_MS, undefined, { signal: closing.signal });
    if (trouble === 'not taken') outgoing.destroy();
    else if (trouble === 'never taken') await never(outgoing);
    else if (trouble?.startsWith('status ') === true) refuse(Number(trouble.slice(7)), outgoing);
    else await handOver(await answer({ from, method, path, headers, body }), trouble, outgoing);
  }

  async function handOver(
    answered: WholeAnswer,
    trouble: Trouble | undefined,
    outgoing: ServerResponse,
  ): Promise<void> {
    if (trouble === 'never answered') return never(outgoing);
    if (trouble === 'answer lost') {
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(answered.status, endToEnd(answered));
    if (trouble === 'answer cut')
      outgoing.write(answered.body.subarray(0, answered.body.length / 2), () => outgoing.destroy());
    else outgoing.end(answered.body);
  }

  async function never(outgoing: ServerResponse): Promise<void> {
    await sleep(NEVER_MS, undefined, { signal: closing.signal });
    outgoing.destroy();
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    disturb(next) {
      disturbance = next;
    },
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** For each connection that comes in one that goes out, as of a way that knows nothing of HTTP. */
const goingOut = new WeakMap<Socket, Agent>();

function agentFor(from: Socket): Agent {
  const known = goingOut.get(from);
  if (known !== undefined) return known;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  goingOut.set(from, agent);
  from.once('close', () => {
    agent.destroy();
  });
  return agent;
}

/** Passes a request on to a server. */
export function forward(
  origin: string,
  { from, method, path, headers, body }: WholeRequest,
): Promise<WholeAnswer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const agent = agentFor(from);
    const outgoing = request({ hostname, port, method, path, headers, agent }, (response) => {
      readWhole(response).then((whole) => {
        resolve({ status: response.statusCode ?? 502, headers: response.headers, body: whole });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function drawTrouble(disturbance: Disturbance | undefined): Trouble | undefined {
  if (disturbance === undefined || disturbance.random() >= disturbance.share) return undefined;
  const { troubles, random } = disturbance;
  return troubles[Math.floor(random() * troubles.length)];
}

/** As proxies before a server refuse: not in the form of its API. */
function refuse(status: number, outgoing: ServerResponse): void {
  const headers = { 'content-type': 'text/html', ...(status === 429 && { 'retry-after': '1' }) };
  outgoing.writeHead(status, headers);
  outgoing.end(`<html><body><h1>${status}</h1></body></html>`);
}

function endToEnd({ headers, body }: WholeAnswer): IncomingMessage['headers'] {
  const { 'transfer-encoding': _, connection: __, ...rest } = headers;
  return { ...rest, 'content-length': String(body.length) };
}

async function readWhole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
