// One request to a pseudonym service: JSON both ways, behind limits, a circuit breaker and the error catalogue.
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';

/** Sends a body. @returns the answered JSON; undefined where the service knows nothing (204, or 404 in JSON) */
export type Post = (body: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<unknown>;

/** An endpoint of a service. */
export interface Endpoint {
  /** What it does, in a few fixed words: for metrics, logs and errors in place of the URL. */
  readonly operation: string;
  readonly url: string;
  readonly bearerToken: string | undefined;
  readonly timeoutMs: number;
  readonly observe: RequestObserver;
}

/** The longest answer that is read. */
export const LONGEST_ANSWER_BYTES = 65_536;

/** Failures in a row that open the circuit, and for how long it then stays open. */
const BREAKER = { failures: 5, openMs: 10_000 };

/**
 * Creates what sends requests to an endpoint. It never retries by itself: the inbox does. Errors hold neither what
 * was sent nor what was answered.
 */
export function createPost(endpoint: Endpoint): Post {
  const { operation, observe } = endpoint;
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof BridgeError && error.code === 'pseudonym-unavailable'),
    { breaker: new ConsecutiveBreaker(BREAKER.failures), halfOpenAfter: BREAKER.openMs },
  );
  return async (body, signal) => {
    const end = observe(operation);
    try {
      const answer = await breaker.execute(() => send(endpoint, body, signal));
      end('ok');
      return answer;
    } catch (error) {
      const failure =
        error instanceof BrokenCircuitError
          ? new BridgeError(
              'pseudonym-unavailable',
              `${operation}: not tried, the last ${BREAKER.failures} failed`,
            )
          : error;
      end(failure instanceof BridgeError ? failure.code : 'unexpected');
      throw failure;
    }
  };
}

async function send(
  { operation, url, bearerToken, timeoutMs }: Endpoint,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<unknown> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(bearerToken !== undefined && { authorization: `Bearer ${bearerToken}` }),
      },
      body: JSON.stringify(body),
      // A redirect would carry patient and credentials elsewhere.
      redirect: 'manual',
      signal: limit,
    });
    const text = await readText(response, operation);
    return answerOf(response, text, operation);
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    throw new BridgeError('pseudonym-unavailable', `${operation}: no answer`, { cause: error });
  }
}

/** Reads no more than the limit, whatever length was announced. */
async function readText({ body }: Response, operation: string): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    length += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (length > LONGEST_ANSWER_BYTES)
      throw new BridgeError('pseudonym-answer', `${operation}: longer than ${LONGEST_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answerOf({ status, headers }: Response, text: string, operation: string): unknown {
  if (status === 204) return undefined;
  const json = parseJson(text);
  // A 404 of anything but the service itself says that the URL is wrong, not that the patient is unknown.
  if (status === 404 && isObject(json)) return undefined;
  if (status >= 200 && status < 300 && json !== undefined) return json;
  throw new BridgeError(failureCode(status), `${operation}: ${status}`, {
    retryAfterMs: retryAfterMs(headers),
  });
}

/** The parser's own error quotes the text, so it is dropped. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failureCode(status: number): BridgeError['code'] {
  if (status === 401 || status === 403) return 'pseudonym-credentials';
  if (status === 408 || status === 429 || status >= 500) return 'pseudonym-unavailable';
  return status < 400 || status === 404 ? 'pseudonym-answer' : 'pseudonym-refused';
}

function retryAfterMs(headers: Headers): number | undefined {
  const [seconds] = /^\d{1,6}$/.exec(headers.get('retry-after') ?? '') ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
