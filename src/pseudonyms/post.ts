// One request to a pseudonym service: JSON both ways, behind limits, a circuit breaker and the error catalogue.
import { createAttempts } from '../net/circuit.ts';
import { HttpFailure } from '../net/failure.ts';
import type { Http, HttpAnswer } from '../net/http.ts';
import { createHttp } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';

/** Sends a body. @returns the answered JSON; undefined where the service knows nothing (204, or 404 in JSON) */
export type Post = (body: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<unknown>;

/** An endpoint of a service. */
interface Endpoint {
  /** What it does, in a few fixed words: for metrics, logs and errors in place of the URL. */
  readonly operation: string;
  readonly url: string;
  readonly bearerToken: string | undefined;
  readonly timeoutMs: number;
  readonly observe: RequestObserver;
}

/** The longest answer that is read. */
export const LONGEST_ANSWER_BYTES = 65_536;

/**
 * Creates what sends requests to an endpoint. It never retries by itself: the inbox does. Errors hold neither what
 * was sent nor what was answered.
 */
export function createPost(endpoint: Endpoint): Post {
  const { operation, observe, timeoutMs } = endpoint;
  const http = createHttp({
    timeoutMs,
    allowPrivateAddresses: true,
    largestAnswerBytes: LONGEST_ANSWER_BYTES,
  });
  const attempt = createAttempts(observe, 'pseudonym-unavailable');
  return (body, signal) => attempt(operation, () => send(http, endpoint, body, signal));
}

async function send(
  http: Http,
  { operation, url, bearerToken }: Endpoint,
  json: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<unknown> {
  const headers = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` };
  try {
    const answer = await http.send({ method: 'POST', url: new URL(url), headers, json, signal });
    return resultOf(answer, operation);
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    const code = error.reason === 'too-large' ? 'pseudonym-answer' : 'pseudonym-unavailable';
    throw new BridgeError(code, `${operation}: ${error.message}`);
  }
}

function resultOf({ status, body, retryAfterMs }: HttpAnswer, operation: string): unknown {
  if (status === 204) return undefined;
  // A 404 of anything but the service itself says that the URL is wrong, not that the patient is unknown.
  if (status === 404 && isObject(body)) return undefined;
  if (status >= 200 && status < 300 && body !== undefined) return body;
  throw new BridgeError(codeOf(status), `${operation}: ${status}`, { retryAfterMs });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function codeOf(status: number): BridgeError['code'] {
  if (status === 401 || status === 403) return 'pseudonym-credentials';
  if (status === 408 || status === 429 || status >= 500) return 'pseudonym-unavailable';
  return status < 400 || status === 404 ? 'pseudonym-answer' : 'pseudonym-refused';
}
