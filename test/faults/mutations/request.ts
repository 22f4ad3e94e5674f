// A request as the bytes that go over a connection, and what can be wrong with it below its JSON. Pure.

/** A request; nothing in it need be allowed. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly framing: Framing;
}

/** How the request says where its body ends: as it is, or not. */
export type Framing =
  | 'length'
  | 'chunked'
  | 'none'
  | 'shorter'
  | 'longer'
  | 'huge'
  | 'negative'
  | 'two-lengths'
  | 'length-and-chunked'
  | 'bad-chunk';

/** Those that leave no doubt, after which the connection can be used again. */
export const HONEST: ReadonlySet<Framing> = new Set(['length', 'chunked']);

/** The bytes of a request. */
export function bytesOf({ method, target, headers, body, framing }: RawRequest): Buffer {
  const { lines, content } = framed(framing, body);
  const head = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...lines,
  ].join('\r\n');
  // Each character of the head is a byte: what is no ASCII is sent as it is, and not as UTF-8 that nobody expects.
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), content]);
}

function framed(
  framing: Framing,
  body: Buffer,
): { readonly lines: readonly string[]; readonly content: Buffer } {
  const chunked = 'Transfer-Encoding: chunked';
  const length = (bytes: number | string): string => `Content-Length: ${bytes}`;
  switch (framing) {
    case 'length':
      return { lines: [length(body.length)], content: body };
    case 'chunked':
      return { lines: [chunked], content: inChunks(body) };
    case 'none':
      return { lines: [], content: body };
    case 'shorter':
      return { lines: [length(Math.floor(body.length / 2))], content: body };
    case 'longer':
      return { lines: [length(body.length + 7)], content: body };
    case 'huge':
      return { lines: [length(9_000_000_000)], content: body };
    case 'negative':
      return { lines: [length(-1)], content: body };
    case 'two-lengths':
      return { lines: [length(body.length), length(body.length + 1)], content: body };
    case 'length-and-chunked':
      return { lines: [length(3), chunked], content: inChunks(body) };
    case 'bad-chunk':
      return { lines: [chunked], content: Buffer.concat([Buffer.from('zz\r\n'), body]) };
  }
}

function inChunks(body: Buffer): Buffer {
  const middle = Math.floor(body.length / 2);
  const parts = [body.subarray(0, middle), body.subarray(middle)].filter(({ length }) => length > 0);
  return Buffer.concat([
    ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from('0\r\n\r\n'),
  ]);
}

/** The request in a form in which a person can read it and a shell can send it again. */
export function toldRequest(request: RawRequest): string {
  return JSON.stringify(bytesOf(request).toString('latin1').slice(0, 4_000));
}
