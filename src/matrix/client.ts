// One request to the homeserver: matrix-js-sdk's MatrixHttpApi with masquerading, limits, and the error catalogue.
import {
  ConnectionError,
  HTTPError,
  MatrixError,
  MatrixHttpApi,
  Method,
} from 'matrix-js-sdk/lib/http-api/index.js';
import { TypedEventEmitter } from 'matrix-js-sdk/lib/models/typed-event-emitter.js';
import { bulkhead } from 'cockatiel';
import type { z } from 'zod';
import type { MatrixUserId } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';

/** The one device of every ghost: with it the homeserver keeps txn ids for 24 h, in its database (MSC4326). */
export const BRIDGE_DEVICE = 'BRIDGE';

const METHODS = { GET: Method.Get, PUT: Method.Put, POST: Method.Post, DELETE: Method.Delete } as const;
const PREFIX = '/_matrix/client/v3';

/** A request to the client-server API. */
export interface MatrixRequest {
  /** What it does, in a few fixed words: for metrics, logs and errors in place of the URL. */
  readonly operation: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path below the prefix, its variables encoded. */
  readonly path: string;
  /** The user to act as. Always named: the appservice's own sender has no device and cannot sync. */
  readonly as: MatrixUserId;
  /** False before the user has its device: registration, and the making of the device itself. */
  readonly withDevice?: boolean;
  /** A list is a parameter given several times. */
  readonly query?: Readonly<Record<string, string | number | readonly string[]>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Sent as it is, in place of `body`. */
  readonly file?: { readonly contentType: string; readonly bytes: Uint8Array<ArrayBuffer> };
  readonly prefix?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** The refusal of a request, with what the homeserver said; a proxy in between does not refuse in its name. */
export class MatrixRefusal extends BridgeError {
  readonly status: number;
  /** Such as `M_FORBIDDEN`. */
  readonly errcode: string;
  constructor(operation: string, status: number, errcode: string, retryAfterMs: number | undefined) {
    super(refusalCode(status, errcode), `${operation}: ${status} ${errcode}`, { retryAfterMs });
    this.name = 'MatrixRefusal';
    this.status = status;
    this.errcode = errcode;
  }
}

export interface MatrixClient {
  /**
   * @returns the answer, checked against `schema`
   * @throws BridgeError for every failure; MatrixRefusal where the homeserver itself answered
   */
  request<Schema extends z.ZodType>(request: MatrixRequest, schema: Schema): Promise<z.output<Schema>>;
}

/** Creates the client. It never retries by itself: the inbox does, with the same ids. */
export function createMatrixClient(deps: {
  homeserverUrl: string;
  asToken: string;
  maxConcurrentRequests: number;
  requestTimeoutMs: number;
  observe: RequestObserver;
}): MatrixClient {
  const api = new MatrixHttpApi(new TypedEventEmitter(), {
    baseUrl: deps.homeserverUrl,
    prefix: PREFIX,
    accessToken: deps.asToken,
    useAuthorizationHeader: true,
    onlyData: true,
    // A redirect would carry the as_token elsewhere.
    fetchFn: (resource, init) => fetch(resource, { ...init, redirect: 'error' }),
  });
  const limit = bulkhead(deps.maxConcurrentRequests, Number.POSITIVE_INFINITY);

  async function send(request: MatrixRequest): Promise<unknown> {
    const {
      as,
      withDevice = true,
      query = {},
      prefix = PREFIX,
      signal,
      timeoutMs = deps.requestTimeoutMs,
    } = request;
    const given = Object.entries(query).map(([name, value]): [string, string | number | string[]] => [
      name,
      typeof value === 'object' ? [...value] : value,
    ]);
    const params = {
      ...Object.fromEntries(given),
      user_id: as,
      ...(withDevice && { device_id: BRIDGE_DEVICE }),
    };
    // Not the SDK's own timeout: it leaves a timer behind for each request, which would hold up the process's end.
    const timeout = AbortSignal.timeout(timeoutMs);
    const { body, file } = request;
    return api.authedRequest<unknown>(METHODS[request.method], request.path, params, file?.bytes ?? body, {
      prefix,
      ...(file !== undefined && { headers: { 'Content-Type': file.contentType } }),
      priority: 'auto',
      abortSignal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
  }

  return {
    async request(request, schema) {
      const end = deps.observe(request.operation);
      try {
        const answer = await limit.execute(() => send(request), request.signal);
        end('ok');
        return parseAnswer(request.operation, schema, answer);
      } catch (error) {
        const failure = describeFailure(request.operation, error);
        end(failure.code);
        throw failure;
      }
    },
  };
}

function parseAnswer<Schema extends z.ZodType>(
  operation: string,
  schema: Schema,
  answer: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new BridgeError('matrix-answer', `${operation}: unexpected answer at ${fields}`);
}

function describeFailure(operation: string, error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  if (error instanceof HTTPError) {
    const { httpStatus: status = 0 } = error;
    const errcode = error instanceof MatrixError ? error.errcode : undefined;
    const retryAfterMs = retryAfter(error);
    return errcode === undefined
      ? new BridgeError(refusalCode(status, errcode), `${operation}: ${status}, no Matrix error`, {
          retryAfterMs,
        })
      : new MatrixRefusal(operation, status, errcode, retryAfterMs);
  }
  const reason = error instanceof ConnectionError ? 'no connection' : 'no answer in time, or stopped';
  return new BridgeError('matrix-unavailable', `${operation}: ${reason}`, { cause: error });
}

function retryAfter(error: HTTPError): number | undefined {
  try {
    return error.isRateLimitError() ? (error.getRetryAfterMs() ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

function refusalCode(status: number, errcode: string | undefined): BridgeError['code'] {
  if (status === 429) return 'matrix-rate-limited';
  if (status === 401 || errcode === 'M_UNKNOWN_TOKEN') return 'matrix-token';
  // What is no Matrix error comes from a proxy in between: that it says 404 says nothing of the room.
  if (status >= 500 || status === 408 || errcode === undefined) return 'matrix-unavailable';
  return 'matrix-refused';
}
