// The scanner clamd, by its INSTREAM command: chunks with their length before them. https://docs.clamav.net/manual/Usage/Scanning.html#clamd
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { ByteStream } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { Scan } from './scan.ts';

/** A verdict is one line; no more of an answer is read. */
const LONGEST_ANSWER = 1024;

/**
 * Creates the scanner.
 * @param address `host:port`, or the path of a socket
 * @param timeoutMs how long a file may take
 */
export function createClamd(address: string, timeoutMs: number): Scan {
  const target = targetOf(address);
  return async (content, signal) => {
    const socket = connect({ ...target, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    const { said, closed } = listen(socket);
    try {
      await send(socket, content, closed);
      await closed;
    } finally {
      socket.destroy();
    }
    return verdictOf(said());
  };
}

function targetOf(address: string): NetConnectOpts {
  if (address.startsWith('/')) return { path: address };
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Sends the file, or as much as the scanner takes: it hangs up when it has found something. */
async function send(socket: Socket, content: ByteStream, closed: Promise<unknown>): Promise<void> {
  const writeChunk = async (chunk: Uint8Array): Promise<void> => {
    // One packet, without a copy of the chunk.
    socket.cork();
    socket.write(lengthOf(chunk.length));
    const isTaken = chunk.length === 0 || socket.write(chunk);
    socket.uncork();
    if (!isTaken) await Promise.race([once(socket, 'drain'), closed]).catch(() => undefined);
  };
  socket.write('zINSTREAM\0');
  for await (const chunk of content) {
    if (socket.destroyed) return;
    if (chunk.length > 0) await writeChunk(chunk);
  }
  if (!socket.destroyed) await writeChunk(Buffer.alloc(0));
}

/** Four bytes, the highest first. */
function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** Collects what the scanner says, until the connection ends. */
function listen(socket: Socket): { readonly said: () => string; readonly closed: Promise<undefined> } {
  let said = '';
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  socket.on('data', (bytes) => {
    said = `${said}${bytes.toString('latin1')}`.slice(0, LONGEST_ANSWER);
  });
  // After an error there is no verdict, and that is what counts.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    resolve(undefined);
  });
  return { said: () => said, closed };
}

function verdictOf(answer: string): 'clean' | 'infected' {
  if (/^stream: OK\0?\n?$/.test(answer)) return 'clean';
  // The name of what was found may stand between.
  if (/^stream: .* FOUND\0?\n?$/.test(answer)) return 'infected';
  throw new BridgeError('scanner-unavailable', 'clamd gave no verdict');
}
