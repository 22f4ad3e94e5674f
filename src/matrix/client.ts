// One request to the homeserver's client-server API: masquerading, limits, and the error catalogue.
import { z } from 'zod';
import type { MatrixUserId } from '../domain/ids.ts';
import { createAttempts } from '../net/circuit.ts';
import { HttpFailure } from '../net/failure.ts';
import {
  createHttp,
  shortBody,
  type ByteStream,
  type HttpAnswer,
  type HttpRequest,
  type OpenAnswer,
} from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';

/** The one device of every ghost: with it the homeserver keeps txn ids for 24 h, in its database (MSC4326). */
export const BRIDGE_DEVICE = 'BRIDGE';

const PREFIX = '/_matrix/client/v3';
/** A page of 100 events comes to 7 MB at most; an answer of /sync that is larger than this is asked for in another way. */
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;

/** Who makes a request, and what goes with it. */
export interface MatrixRequest {
  /** The user to act as. Always named: the appservice's own sender has no device and cannot sync. */
  readonly as: MatrixUserId;
  /** False before the user has its device: registration, and the making of the device itself. */
  readonly withDevice?: boolean;
  /** A list is a parameter given several times; undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Sent as it is, in place of `body`. */
  readonly file?: NonNullable<HttpRequest['file']>;
  readonly prefix?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** The refusal of a request, with what the homeserver said; a proxy in between does not refuse in its name. */
export class MatrixRefusal extends BridgeError {
  readonly status: number;
  /** Such as `M_FORBIDDEN`. */
  readonly errcode: string;
  /** The homeserver does not know the user as whom the request was made, or its device. */
  readonly isOfUnknownUser: boolean;
  constructor(
    operation: string,
    status: number,
    errcode: string,
    retryAfterMs: number | undefined,
    isOfUnknownUser = false,
  ) {
    super(refusalCode(status, errcode), `${operation}: ${status} ${errcode}`, { retryAfterMs });
    this.name = 'MatrixRefusal';
    this.status = status;
    this.errcode = errcode;
    this.isOfUnknownUser = isOfUnknownUser;
  }
}

/** Whether the homeserver itself refused a request with one of these HTTP statuses. */
export function isRefusal(error: unknown, ...statuses: readonly number[]): error is MatrixRefusal {
  return error instanceof MatrixRefusal && statuses.includes(error.status);
}

/** Waits for an answer. @returns undefined for a refusal with one of these HTTP statuses, which is no error here */
export async function unlessRefused<T>(
  answer: Promise<T>,
  ...statuses: readonly number[]
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusal(error, ...statuses)) return undefined;
    throw error;
  }
}

/** The schema of an answer that says no more than that the request succeeded. */
export const success = z.looseObject({});

/**
 * Makes a request.
 * @param operation what it does, in a few fixed words: for metrics, logs and errors in place of the URL
 * @param path below the prefix; each part is encoded here
 * @returns the answer, checked against `schema`
 * @throws BridgeError for every failure; MatrixRefusal where the homeserver itself answered
 */
type Send = <Schema extends z.ZodType>(
  operation: string,
  path: readonly string[],
  schema: Schema,
  request: MatrixRequest,
) => Promise<z.output<Schema>>;

export interface MatrixClient extends Readonly<Record<'get' | 'put' | 'post' | 'delete', Send>> {
  /** Gets something that is no JSON. The answer is a success; its body has to be read, or closed. */
  readonly open: (operation: string, path: readonly string[], request: MatrixRequest) => Promise<OpenAnswer>;
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

const errorSchema = z.looseObject({
  errcode: z.string(),
  error: z.string().optional().catch(undefined),
  retry_after_ms: z.int().nonnegative().optional().catch(undefined),
});

/** Creates the client. It never retries by itself: the inbox does, with the same ids. */
export function createMatrixClient(deps: {
  homeserverUrl: string;
  asToken: string;
  maxConcurrentRequests: number;
  requestTimeoutMs: number;
  observe: RequestObserver;
}): MatrixClient {
  const http = createHttp({
    allowPrivateAddresses: true,
    largestAnswerBytes: LARGEST_ANSWER_BYTES,
    timeoutMs: deps.requestTimeoutMs,
    maxConcurrent: deps.maxConcurrentRequests,
  });
  const base = deps.homeserverUrl.replace(/\/$/, '');
  const headers = { authorization: `Bearer ${deps.asToken}` };

  function requestOf(method: Method, path: readonly string[], request: MatrixRequest): HttpRequest {
    const { prefix = PREFIX, body: json, file, signal, timeoutMs } = request;
    const url = new URL(`${base}${prefix}/${path.map(encodeURIComponent).join('/')}`);
    for (const [name, value] of parametersOf(request)) url.searchParams.append(name, value);
    return { method, url, headers, json, file, signal, timeoutMs };
  }

  async function send(
    method: Method,
    path: readonly string[],
    operation: string,
    request: MatrixRequest,
  ): Promise<unknown> {
    const answer = await http.send(requestOf(method, path, request)).catch(unavailable(operation));
    const isSuccess = answer.status >= 200 && answer.status < 300;
    if (isSuccess && answer.body !== undefined) return answer.body;
    throw refusalOf(operation, answer);
  }

  async function open(
    operation: string,
    path: readonly string[],
    request: MatrixRequest,
  ): Promise<OpenAnswer> {
    const answer = await http.open(requestOf('GET', path, request)).catch(unavailable(operation));
    if (answer.status === 200) return { ...answer, content: told(operation, answer.content) };
    throw refusalOf(operation, { ...answer, body: await shortBody(answer) });
  }

  const attempt = createAttempts(deps.observe);
  const sendBy =
    (method: Method): Send =>
    (operation, path, schema, request) =>
      attempt(operation, async () =>
        parseAnswer(operation, schema, await send(method, path, operation, request)),
      );
  return {
    ...{ get: sendBy('GET'), put: sendBy('PUT'), post: sendBy('POST'), delete: sendBy('DELETE') },
    open: (operation, path, request) => attempt(operation, () => open(operation, path, request)),
  };
}

/** Throws what the catalogue has for a request without an answer. */
function unavailable(operation: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof HttpFailure)) throw error;
    const code = error.reason === 'too-large' ? 'matrix-answer' : 'matrix-unavailable';
    throw new BridgeError(code, `${operation}: ${error.message}`);
  };
}

async function* told(operation: string, content: ByteStream): ByteStream {
  try {
    yield* content;
  } catch (error) {
    unavailable(operation)(error);
  }
}

/** The query, with the user to act as. */
function parametersOf({ as, withDevice = true, query }: MatrixRequest): readonly [string, string][] {
  const device_id = withDevice ? BRIDGE_DEVICE : undefined;
  const parameters: MatrixRequest['query'] = { ...query, user_id: as, device_id };
  return Object.entries(parameters).flatMap(([name, value = []]) =>
    [value].flat().map((one): [string, string] => [name, String(one)]),
  );
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

function refusalOf(operation: string, answer: HttpAnswer): BridgeError {
  const { status, body } = answer;
  const isJson = /^application\/json\b/i.test(answer.header('content-type') ?? '');
  const refusal = isJson ? errorSchema.safeParse(body).data : undefined;
  const retryAfterMs = answer.retryAfterMs ?? refusal?.retry_after_ms;
  if (refusal !== undefined) {
    const { errcode, error } = refusal;
    return new MatrixRefusal(operation, status, errcode, retryAfterMs, isUnknownUser(errcode, error));
  }
  return new BridgeError(refusalCode(status, undefined), `${operation}: ${status}, no Matrix error`, {
    retryAfterMs,
  });
}

/** Synapse has a code for an unknown device; an unknown user it tells in words alone. */
function isUnknownUser(errcode: string, error = ''): boolean {
  return (
    errcode === 'M_UNKNOWN_DEVICE' || error.startsWith('Application service has not registered this user')
  );
}

function refusalCode(status: number, errcode: string | undefined): BridgeError['code'] {
  if (status === 429) return 'matrix-rate-limited';
  if (status === 413) return 'matrix-too-large';
  if (status === 401 || errcode === 'M_UNKNOWN_TOKEN') return 'matrix-token';
  // What is no Matrix error comes from a proxy in between: that it says 404 says nothing of the room.
  if (status >= 500 || status === 408 || errcode === undefined) return 'matrix-unavailable';
  return 'matrix-refused';
}
