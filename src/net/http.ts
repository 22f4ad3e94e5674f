// Outgoing HTTP: one request and its answer, within one time limit. Bodies of files flow; all others are taken whole.
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { request as exchange } from 'undici';
import { bulkhead } from 'cockatiel';
import { withoutTrailing } from '../domain/trailing.ts';
import { describeFailure, HttpFailure } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';
import type { TransportOptions } from './transport.ts';
import { createTransport, UNCOMPRESSED } from './transport.ts';

/** How requests to one destination are made. */
export interface HttpOptions extends Omit<TransportOptions, 'connectTimeoutMs'> {
  /** Milliseconds for a whole request: connection, headers and body. */
  readonly timeoutMs: number;
  /** Requests under way at most; the time of those that wait has not begun. Without it there is no limit. */
  readonly maxConcurrent?: number | undefined;
}

/** The bytes of a file, in order. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** A file of a known size that flows from somewhere else. */
export interface FlowingFile {
  readonly contentType: string;
  /** Bytes; a stream of another size fails. */
  readonly size: number;
  readonly content: ByteStream;
}

/** A request. Of `json`, `form` and `file`, one at most. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: readonly (readonly [string, string])[] | undefined;
  /** Sent as it is. */
  readonly file?: { readonly contentType: string; readonly bytes: Uint8Array } | FlowingFile | undefined;
  readonly signal?: AbortSignal | undefined;
  /** In place of the destination's own time. */
  readonly timeoutMs?: number | undefined;
}

/** The beginning of an answer, whatever its status. */
interface AnswerHead {
  readonly status: number;
  /** A header by its lower-case name; undefined when it is not there, or there several times. */
  readonly header: (name: string) => string | undefined;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;
}

/** A whole answer. */
export interface HttpAnswer extends AnswerHead {
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
}

/** An answer whose body flows. It has to be read, or closed. */
export interface OpenAnswer extends AnswerHead {
  /** Throws HttpFailure where it breaks off. */
  readonly content: ByteStream;
  /** Ends the connection of a body that is not wanted. */
  readonly close: () => void;
}

/** Bytes. */
const LONGEST_SHORT_BODY = 16 * 1024;

/** Creates the requests to a destination. */
export function createHttp({ timeoutMs, maxConcurrent, ...options }: HttpOptions) {
  const dispatcher = createTransport({ ...options, connectTimeoutMs: timeoutMs });
  const limit = bulkhead(maxConcurrent ?? Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);

  async function begin(request: HttpRequest): Promise<AnswerHead & { readonly body: Readable }> {
    const { headers: bodyHeaders, bytes } = encodedBody(request);
    const time = AbortSignal.timeout(request.timeoutMs ?? timeoutMs);
    const { statusCode, headers, body } = await exchange(request.url, {
      dispatcher,
      method: request.method,
      headers: { accept: 'application/json', ...UNCOMPRESSED, ...bodyHeaders, ...request.headers },
      body: bytes ?? null,
      signal: request.signal === undefined ? time : AbortSignal.any([request.signal, time]),
    });
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return typeof value === 'string' ? value : undefined;
    };
    const asked = retryAfterMs(header('retry-after'), Date.now());
    return { status: statusCode, header, retryAfterMs: asked, body };
  }

  async function exchangeOnce(request: HttpRequest): Promise<HttpAnswer> {
    const { body, ...head } = await begin(request);
    const received = await text(body).catch((error: unknown) => {
      const { reason, message } = describeFailure(error, request.signal);
      throw new HttpFailure(reason, message, head.status);
    });
    return { ...head, body: parsed(received) };
  }

  return {
    /**
     * Makes one try, and follows no redirect.
     * @throws HttpFailure when there is no answer; what a status means is for the caller
     */
    async send(request: HttpRequest): Promise<HttpAnswer> {
      try {
        return await limit.execute(() => exchangeOnce(request), request.signal);
      } catch (error) {
        throw describeFailure(error, request.signal);
      }
    },

    /**
     * Makes one try likewise, and leaves the body to flow; the time limit is that of the whole body.
     * @throws HttpFailure when there is no answer
     */
    async open(request: HttpRequest): Promise<OpenAnswer> {
      try {
        const { body, ...head } = await limit.execute(() => begin(request), request.signal);
        // A reader learns of the error by reading; without a listener, an error after the body was closed would end the process.
        body.on('error', () => undefined);
        return { ...head, content: flowing(body, request.signal), close: () => body.destroy() };
      } catch (error) {
        throw describeFailure(error, request.signal);
      }
    },
  };
}

async function* flowing(body: Readable, stop: AbortSignal | undefined): ByteStream {
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw describeFailure(error, stop);
  }
}

/** Reads a body that should be short, such as that of a refusal. @returns undefined when it is long, or no JSON */
export async function shortBody({ content, close }: OpenAnswer): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > LONGEST_SHORT_BODY) break;
  }
  close();
  return bytes > LONGEST_SHORT_BODY ? undefined : parsed(Buffer.concat(chunks).toString());
}

/** Reads a base URL, so that relative paths lead below it. */
export const baseOf = (url: string): URL => new URL(`${withoutTrailing(url, '/')}/`);

/** Tells whether a URL is at the same origin as a base and at or below its path, and carries no user's name. */
export const isBelow = (url: URL, base: URL): boolean =>
  url.origin === base.origin &&
  url.username === '' &&
  `${withoutTrailing(url.pathname, '/')}/`.startsWith(base.pathname);

function encodedBody({ json, form, file }: HttpRequest): {
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes?: Readable | Uint8Array | string;
} {
  const typed = (type: string): Record<string, string> => ({ 'content-type': type });
  if (file !== undefined) {
    if ('bytes' in file) return { headers: typed(file.contentType), bytes: file.bytes };
    const headers = { ...typed(file.contentType), 'content-length': String(file.size) };
    return { headers, bytes: Readable.from(file.content, { objectMode: false }) };
  }
  if (form !== undefined)
    return { headers: typed('application/x-www-form-urlencoded'), bytes: encodeForm(form) };
  if (json !== undefined) return { headers: typed('application/json'), bytes: JSON.stringify(json) };
  return {};
}

/** Encodes parameters for a form or a query; one name may stand there several times. */
export const encodeForm = (params: readonly (readonly [string, string])[]): string =>
  new URLSearchParams(params.map(([name, value]): [string, string] => [name, value])).toString();

/** The parser's own error quotes the text, so it is dropped. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
