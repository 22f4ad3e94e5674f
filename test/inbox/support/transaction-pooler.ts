// A pooler in transaction mode, as small as can be: speaks PostgreSQL's protocol to its clients and lends each of them
// one of a few servers for the length of a transaction, as PgBouncer does with `pool_mode = transaction`.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';

export interface TransactionPooler {
  /** Connection URL of the pooler. */
  readonly url: string;
  close(): Promise<void>;
}

interface Server {
  readonly stream: Duplex;
  borrower: Socket | undefined;
}

/** Starts one with `size` servers connected to the database at `url`; `lend` picks one of those that are free. */
export async function startTransactionPooler(
  url: string,
  size: number,
  lend: 'last used first' | 'in turn',
): Promise<TransactionPooler> {
  const clients = await Promise.all(
    Array.from({ length: size }, async () => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    }),
  );
  const free: Server[] = [];
  const waiting: ((server: Server) => void)[] = [];
  const giveBack = (server: Server): void => {
    server.borrower = undefined;
    const next = waiting.shift();
    if (next) next(server);
    else if (lend === 'in turn') free.push(server);
    else free.unshift(server);
  };
  for (const client of clients) {
    // The driver has done the authentication; from here on the connection is ours.
    const { stream } = client.connection;
    stream.removeAllListeners('data');
    const server: Server = { stream, borrower: undefined };
    onMessages(stream, (message) => {
      server.borrower?.write(message);
      const readyAndIdle = message[0] === 0x5a && message[5] === 0x49; // ReadyForQuery, outside a transaction
      if (readyAndIdle) giveBack(server);
    });
    free.push(server);
  }
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    serve(socket, () => {
      const server = free.shift();
      return server ? Promise.resolve(server) : new Promise((resolve) => waiting.push(resolve));
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const own = new URL(url);
  own.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: own.href,
    async close() {
      for (const socket of sockets) socket.destroy();
      for (const client of clients) client.connection.stream.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}

/** Greets a client, then passes its messages on, in order, to the server it is lent. */
function serve(socket: Socket, borrow: () => Promise<Server>): void {
  let lent: Server | undefined;
  let turn = Promise.resolve();
  socket.once('data', () => {
    socket.write(
      Buffer.concat([
        message('R', int32(0)),
        message('K', int32(4711), int32(42)),
        message('Z', Buffer.from('I')),
      ]),
    );
    onMessages(socket, (bytes) => {
      if (bytes[0] === 0x58) return; // Terminate ends the client, not the server
      turn = turn.then(async () => {
        if (lent?.borrower !== socket) lent = await borrow();
        lent.borrower = socket;
        lent.stream.write(bytes);
      });
    });
  });
}

/** Cuts a stream into messages: a type byte, and a length that counts itself. */
function onMessages(stream: Duplex, take: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
      const length = rest.readInt32BE(1) + 1;
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
}

function message(type: string, ...body: Buffer[]): Buffer {
  const content = Buffer.concat(body);
  return Buffer.concat([Buffer.from(type), int32(content.length + 4), content]);
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}
