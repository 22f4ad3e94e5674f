// One request to a directory's server, and what each failure means: the configured base URL and nothing else.
import type { z } from 'zod';
import { HttpFailure } from '../../net/failure.ts';
import type { HttpAnswer, HttpRequest } from '../../net/http.ts';
import { baseOf, createHttp, isBelow } from '../../net/http.ts';
import type { TransportOptions } from '../../net/transport.ts';
import { mayConnect } from '../../net/transport.ts';
import type { ErrorCode } from '../../telemetry/errors.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { RequestObserver } from '../../telemetry/metrics.ts';

/** Where a directory's server is, and what it may be. */
interface DirectoryServerConfig extends Pick<TransportOptions, 'allowPrivateAddresses' | 'tls'> {
  /** For errors and metrics: `mcsd`, `keycloak`. */
  readonly name: string;
  readonly baseUrl: string;
  readonly requestTimeoutMs: number;
  readonly observe: RequestObserver;
}

/** A request. Whatever is personal goes into the form or the JSON, where the interface has a way to say it there. */
interface DirectoryRequest extends Pick<HttpRequest, 'method' | 'headers' | 'form' | 'signal'> {
  /** What it does, in a few fixed words: for metrics, logs and errors in place of the URL. */
  readonly operation: string;
  /** Path below the base URL, with its query. */
  readonly path: string;
}

/** An answer, whatever its status; `body` is undefined when it is no JSON. */
export type DirectoryAnswer = Pick<HttpAnswer, 'status' | 'body'>;

/** Makes requests to one directory's server. */
export interface DirectoryServer {
  readonly name: string;
  /** @throws BridgeError when there is no answer; what a status means is for the caller */
  readonly request: (request: DirectoryRequest) => Promise<DirectoryAnswer>;
}

/** What servers of directories are held to, besides the time. */
export const DIRECTORY_LIMITS = { largestAnswerBytes: 16 * 1024 * 1024, maxConnections: 16 };

/**
 * Creates the connection to a server.
 * @throws BridgeError `directory-address` when the base URL is private or not encrypted, and may not be
 */
export function createDirectoryServer(config: DirectoryServerConfig): DirectoryServer {
  const { name, observe, requestTimeoutMs, ...rest } = config;
  const base = baseOf(config.baseUrl);
  refuseUnlessAllowed(config);
  const http = createHttp({ ...rest, ...DIRECTORY_LIMITS, timeoutMs: requestTimeoutMs });
  return {
    name,
    async request({ operation, path, ...request }) {
      const url = new URL(path, base);
      if (!isBelow(url, base)) throw new TypeError('The path leads out of the base URL');
      const end = observe(`${name} ${operation}`);
      try {
        const answer = await http.send({ ...request, url });
        end(String(answer.status));
        return answer;
      } catch (error) {
        end('no answer');
        request.signal?.throwIfAborted();
        if (!(error instanceof HttpFailure)) throw error;
        throw new BridgeError(codeOf(error), `${name} ${operation}: ${error.message}`);
      }
    },
  };
}

/**
 * Refuses what may not be connected to, before anything is.
 * @throws BridgeError `directory-address`
 */
export function refuseUnlessAllowed(
  config: Pick<DirectoryServerConfig, 'name' | 'baseUrl' | 'allowPrivateAddresses'>,
): void {
  if (mayConnect(config, new URL(config.baseUrl))) return;
  throw new BridgeError('directory-address', `${config.name}: its base URL is private or not encrypted`);
}

function codeOf({ reason }: HttpFailure): ErrorCode {
  if (reason === 'certificate') return 'directory-certificate';
  return reason === 'too-large' ? 'directory-answer' : 'directory-unavailable';
}

/**
 * Reads an answer by a schema.
 * @throws BridgeError when it is no success, or has another form
 */
export function readAnswer<Schema extends z.ZodType>(
  { name }: Pick<DirectoryServer, 'name'>,
  operation: string,
  { status, body }: DirectoryAnswer,
  schema: Schema,
): z.output<Schema> {
  if (status < 200 || status >= 300)
    throw new BridgeError(statusCode(status), `${name} ${operation}: ${status}`);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  // Which elements are wrong may be told, what is in them may not.
  throw new BridgeError('directory-answer', `${name} ${operation}: not the expected JSON`);
}

function statusCode(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'directory-token';
  if (status >= 500 || status === 408 || status === 429) return 'directory-unavailable';
  // A redirect is not followed: it would carry credentials and numbers elsewhere.
  return status < 400 ? 'directory-answer' : 'directory-refused';
}
