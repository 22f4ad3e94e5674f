// A clamd for tests: it speaks the INSTREAM command over TCP or a socket, and finds the test virus of EICAR.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** What every scanner takes for malware, though it is none; in two parts, so that this file is not found to be infected. */
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');

/** How it behaves. */
export interface ClamdBehaviour {
  /** The path of a socket to listen on, in place of a port. */
  readonly path?: string;
  /** Bytes; a larger stream is an error, and the connection ends at once. */
  readonly streamMaxLength?: number;
  /** What it answers in place of a verdict; `silent` for nothing at all. */
  readonly answers?: string;
}

/** A running clamd. */
export interface Clamd {
  readonly address: string;
  /** What it has judged. */
  readonly scanned: readonly Buffer[];
  readonly stop: () => void;
}

const COMMAND = 'zINSTREAM\0';

/** Starts it. */
export async function startClamd(behaviour: ClamdBehaviour = {}): Promise<Clamd> {
  const scanned: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket, behaviour, scanned).catch(() => undefined);
  });
  server.listen(behaviour.path ?? { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  return {
    address: behaviour.path ?? `127.0.0.1:${(server.address() as AddressInfo).port}`,
    scanned,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Reads chunks, each with its length in four bytes before it, to one without length. */
async function serve(
  socket: Socket,
  { streamMaxLength = 100_000_000, answers }: ClamdBehaviour,
  scanned: Buffer[],
): Promise<void> {
  const [chunks, wanted]: [Buffer[], Buffer] = [[], Buffer.from(COMMAND)];
  let [unread, size, isCommanded] = [Buffer.alloc(0), 0, false];
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    unread = Buffer.concat([unread, bytes]);
    if (!isCommanded && unread.length >= wanted.length) {
      if (!unread.subarray(0, wanted.length).equals(wanted)) return void socket.end('UNKNOWN COMMAND\0');
      [isCommanded, unread] = [true, unread.subarray(wanted.length)];
    }
    while (isCommanded && unread.length >= 4 && unread.length >= 4 + unread.readUInt32BE()) {
      const length = unread.readUInt32BE();
      chunks.push(Buffer.from(unread.subarray(4, 4 + length)));
      unread = unread.subarray(4 + length);
      size += length;
      if (answers === 'silent') continue;
      if (size > streamMaxLength) return void socket.end('INSTREAM size limit exceeded. ERROR\0');
      if (length > 0) continue;
      const content = Buffer.concat(chunks);
      scanned.push(content);
      const verdict = content.includes(EICAR) ? 'stream: Eicar-Test-Signature FOUND\0' : 'stream: OK\0';
      return void socket.end(answers ?? verdict);
    }
  }
}
