// A way to a server that can be slow, or away for a moment: the server itself goes on.
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** A way to a server on this machine. */
export interface FlakyLink {
  readonly url: string;
  /** Passes nothing on, in either direction, until it is mended. */
  readonly stall: () => void;
  /** Passes nothing on any more on the connections that are open, for good; new ones work. */
  readonly swallow: () => void;
  /** Ends all connections, and takes none until it is mended. */
  readonly cut: () => void;
  readonly mend: () => void;
  readonly close: () => Promise<void>;
}

/** Opens a way to the server of a URL; what it passes on is the same URL but for the port. @param port 0 for any */
export async function openLink(target: string, port: number): Promise<FlakyLink> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  const swallowed = new Set<Socket>();
  let isCut = false;
  let isStalled = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    if (isStalled) socket.pause();
  };
  const server: Server = createServer((incoming) => {
    if (isCut) {
      incoming.destroy();
      return;
    }
    const outgoing = connect(Number(targetPort), hostname);
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      keep(from);
      from.on('data', (data) => {
        to.write(data);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = new URL(target);
  const address = server.address();
  url.port = String(typeof address === 'object' && address !== null ? address.port : port);
  return {
    url: url.href.replace(/\/$/, ''),
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    swallow() {
      for (const socket of sockets) {
        socket.pause();
        swallowed.add(socket);
      }
      sockets.clear();
    },
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of [...sockets, ...swallowed]) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}
