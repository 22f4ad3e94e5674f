// Sends bytes to a listener as they are, and reads the answer; the connection is kept as long as both sides agree where a request ends.
import { connect, type Socket } from 'node:net';

/** An answer; without a status there was none: the other side closed the connection, or waits for more of the request. */
export interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: string;
  readonly body: string;
}

/** A connection to a listener. */
export interface Connection {
  /**
   * Sends and waits for the answer.
   * @param end whether nothing follows, as the request does not say where it ends
   * @param waitMs how long
   */
  readonly send: (
    bytes: Buffer,
    options: { readonly end: boolean; readonly waitMs: number; readonly hasNoBody: boolean },
  ) => Promise<RawAnswer>;
  readonly close: () => void;
}

/** Opens connections to a port of this machine, one after the other as they are needed. */
export function createConnection(port: number): Connection {
  let kept: Socket | undefined;
  return {
    async send(bytes, { end, waitMs, hasNoBody }) {
      const socket = kept ?? open(port);
      kept = undefined;
      const { answer, isWhole } = await exchange(socket, bytes, { end, waitMs, hasNoBody });
      const staysOpen = isWhole && !end && !/^connection: *close/im.test(answer.headers) && !socket.destroyed;
      if (staysOpen) kept = socket;
      else socket.destroy();
      return answer;
    },
    close() {
      kept?.destroy();
    },
  };
}

function open(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  // What goes wrong with a connection that is given up is nobody's concern.
  socket.on('error', () => undefined);
  return socket;
}

async function exchange(
  socket: Socket,
  bytes: Buffer,
  { end, waitMs, hasNoBody }: { readonly end: boolean; readonly waitMs: number; readonly hasNoBody: boolean },
): Promise<{ answer: RawAnswer; isWhole: boolean }> {
  let received = Buffer.alloc(0);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    if (isWhole(received, hasNoBody)) resolve(true);
  };
  const onEnd = (): void => {
    resolve(false);
  };
  const timer = setTimeout(onEnd, waitMs);
  socket.on('data', onData).on('error', onEnd).on('close', onEnd);
  socket.write(bytes);
  if (end) socket.end();
  const whole = await promise;
  clearTimeout(timer);
  socket.off('data', onData).off('error', onEnd).off('close', onEnd);
  return { answer: readAnswer(received), isWhole: whole };
}

const HEAD_END = '\r\n\r\n';

function isWhole(received: Buffer, hasNoBody: boolean): boolean {
  const headLength = received.indexOf(HEAD_END);
  if (headLength < 0) return false;
  const head = received.subarray(0, headLength).toString('latin1');
  if (head.startsWith('HTTP/1.1 100'))
    return isWhole(received.subarray(headLength + HEAD_END.length), hasNoBody);
  if (hasNoBody || /^HTTP\/1\.1 (204|304)/.test(head)) return true;
  const body = received.subarray(headLength + HEAD_END.length);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length);
  return /^transfer-encoding: *chunked/im.test(head) && body.toString('latin1').endsWith('0\r\n\r\n');
}

function readAnswer(received: Buffer): RawAnswer {
  const text = received.toString('utf8').replace(/^HTTP\/1\.1 100[^]*?\r\n\r\n/, '');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  const headLength = text.indexOf(HEAD_END);
  return {
    status: status === undefined ? undefined : Number(status),
    headers: text.slice(0, Math.max(0, headLength)),
    body: text.slice(headLength < 0 ? text.length : headLength + HEAD_END.length),
  };
}
