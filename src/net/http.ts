// Outgoing HTTP: one request, its whole answer, within one time limit.
import { request as exchange } from 'undici';
import { bulkhead } from 'cockatiel';
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

/** A request. Of `json`, `form` and `file`, one at most. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: readonly (readonly [string, string])[] | undefined;
  /** Sent as it is. */
  readonly file?: { readonly contentType: string; readonly bytes: Uint8Array } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** In place of the destination's own time. */
  readonly timeoutMs?: number | undefined;
}

/** An answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
  /** A header by its lower-case name; undefined when it is not there, or there several times. */
  readonly header: (name: string) => string | undefined;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;
}

/** Creates the requests to a destination. */
export function createHttp({ timeoutMs, maxConcurrent, ...options }: HttpOptions) {
  const dispatcher = createTransport({ ...options, connectTimeoutMs: timeoutMs });
  const limit = bulkhead(maxConcurrent ?? Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);

  async function exchangeOnce(request: HttpRequest): Promise<HttpAnswer> {
    const { contentType, bytes } = encodedBody(request);
    const time = AbortSignal.timeout(request.timeoutMs ?? timeoutMs);
    const { statusCode, headers, body } = await exchange(request.url, {
      dispatcher,
      method: request.method,
      headers: {
        accept: 'application/json',
        ...UNCOMPRESSED,
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...request.headers,
      },
      body: bytes ?? null,
      signal: request.signal === undefined ? time : AbortSignal.any([request.signal, time]),
    });
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return typeof value === 'string' ? value : undefined;
    };
    const text = await body.text().catch((error: unknown) => {
      const { reason, message } = describeFailure(error, request.signal);
      throw new HttpFailure(reason, message, statusCode);
    });
    return {
      status: statusCode,
      body: parsed(text),
      header,
      retryAfterMs: retryAfterMs(header('retry-after'), Date.now()),
    };
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
  };
}

/** Reads a base URL, so that relative paths lead below it. */
export const baseOf = (url: string): URL => new URL(url.replace(/\/*$/, '/'));

/** Tells whether a URL is at the same origin as a base and at or below its path, and carries no user's name. */
export const isBelow = (url: URL, base: URL): boolean =>
  url.origin === base.origin &&
  url.username === '' &&
  `${url.pathname.replace(/\/*$/, '')}/`.startsWith(base.pathname);

function encodedBody({ json, form, file }: HttpRequest) {
  if (file !== undefined) return file;
  if (form !== undefined)
    return { contentType: 'application/x-www-form-urlencoded', bytes: encodeForm(form) };
  if (json !== undefined) return { contentType: 'application/json', bytes: JSON.stringify(json) };
  return { contentType: undefined, bytes: undefined };
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
