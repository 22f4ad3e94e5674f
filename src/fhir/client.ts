// One request to the FHIR server: fhir-kit-client behind timeouts, a circuit breaker and the error catalogue.
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { Client } from 'fhir-kit-client';
import { z } from 'zod';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';

/** A request to the FHIR server's RESTful API. */
export interface FhirRequest {
  /** What it does, in a few fixed words: for metrics, logs and errors in place of the URL. */
  readonly operation: string;
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Path below the base URL, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** An answer: the body, and the headers that say which version it is. */
export interface FhirAnswer {
  readonly body: unknown;
  readonly etag: string | undefined;
  readonly location: string | undefined;
  readonly status: number;
}

/** The refusal of a request, with the issue codes of the OperationOutcome (never its diagnostics: they may echo data). */
export class FhirRefusal extends BridgeError {
  readonly status: number;
  constructor(
    operation: string,
    status: number,
    issues: readonly string[],
    retryAfterMs: number | undefined,
  ) {
    super(refusalCode(status), `${operation}: ${status} ${issues.join(', ')}`.trim(), { retryAfterMs });
    this.name = 'FhirRefusal';
    this.status = status;
  }
}

export interface FhirClient {
  /** @throws BridgeError for every failure; FhirRefusal where the server itself answered */
  request(request: FhirRequest): Promise<FhirAnswer>;
}

const outcomeSchema = z.object({
  resourceType: z.literal('OperationOutcome'),
  issue: z.array(z.object({ severity: z.string(), code: z.string() })),
});
const errorSchema = z.object({
  response: z.object({ status: z.number(), data: z.unknown() }),
  config: z.object({ headers: z.instanceof(Headers) }),
});

/** Failures in a row that open the circuit, and for how long it then stays open. */
const BREAKER = { failures: 5, openMs: 10_000 };

/** Creates the client. It never retries by itself: the inbox does, with the same ids. */
export function createFhirClient(deps: {
  baseUrl: string;
  bearerToken: string | undefined;
  requestTimeoutMs: number;
  observe: RequestObserver;
}): FhirClient {
  const client = new Client({
    baseUrl: deps.baseUrl,
    ...(deps.bearerToken !== undefined && { bearerToken: deps.bearerToken }),
    // A redirect would carry the credentials elsewhere.
    requestOptions: { redirect: 'error' },
  });
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof BridgeError && error.code === 'fhir-unavailable'),
    { breaker: new ConsecutiveBreaker(BREAKER.failures), halfOpenAfter: BREAKER.openMs },
  );

  async function send({ operation, method, path, headers, body, signal }: FhirRequest): Promise<FhirAnswer> {
    const timeout = AbortSignal.timeout(deps.requestTimeoutMs);
    const options = {
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/fhir+json' }) },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    };
    try {
      const result = await client.request(path, { method, options, body });
      const { response } = Client.httpFor(result);
      return {
        body: result,
        etag: response?.headers.get('etag') ?? undefined,
        location: response?.headers.get('location') ?? undefined,
        status: response?.status ?? 200,
      };
    } catch (error) {
      throw describeFailure(operation, error);
    }
  }

  return {
    async request(request) {
      const end = deps.observe(request.operation);
      try {
        const answer = await breaker.execute(() => send(request));
        end('ok');
        return answer;
      } catch (error) {
        const failure =
          error instanceof BrokenCircuitError
            ? new BridgeError(
                'fhir-unavailable',
                `${request.operation}: not tried, the last ${BREAKER.failures} failed`,
              )
            : error;
        end(failure instanceof BridgeError ? failure.code : 'unexpected');
        throw failure;
      }
    },
  };
}

function describeFailure(operation: string, error: unknown): BridgeError {
  const answered = errorSchema.safeParse(error);
  if (!answered.success)
    return new BridgeError('fhir-unavailable', `${operation}: no answer`, { cause: error });
  const { response, config } = answered.data;
  const { status, data } = response;
  // The library leaves as text what is no JSON.
  if (typeof data === 'string') return new BridgeError(proxyCode(status), `${operation}: ${status}, no JSON`);
  const issues = outcomeSchema.safeParse(data).data?.issue.map((issue) => issue.code) ?? [];
  return new FhirRefusal(operation, status, issues, retryAfterMs(config.headers));
}

function retryAfterMs(headers: Headers): number | undefined {
  const [seconds] = /^\d{1,6}$/.exec(headers.get('retry-after') ?? '') ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** What is no JSON comes from a proxy in between: that it says 404 says nothing of the resource. */
function proxyCode(status: number): BridgeError['code'] {
  if (status < 400) return 'fhir-answer';
  const code = refusalCode(status);
  return code === 'fhir-token' || code === 'fhir-rate-limited' ? code : 'fhir-unavailable';
}

function refusalCode(status: number): BridgeError['code'] {
  if (status === 409 || status === 412) return 'fhir-conflict';
  if (status === 429) return 'fhir-rate-limited';
  if (status === 401 || status === 403) return 'fhir-token';
  if (status >= 500 || status === 408) return 'fhir-unavailable';
  return 'fhir-refused';
}
