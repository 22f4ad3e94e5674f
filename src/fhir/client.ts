// One request to a FHIR server: fhir-kit-client on our own connections, a circuit breaker, and the error catalogue.
import { Client } from 'fhir-kit-client';
import { z } from 'zod';
import { createAttempts } from '../net/circuit.ts';
import type { FailureReason } from '../net/failure.ts';
import { describeFailure } from '../net/failure.ts';
import { baseOf, encodeForm, isBelow } from '../net/http.ts';
import { retryAfterMs } from '../net/retry-after.ts';
import type { TransportOptions } from '../net/transport.ts';
import { createTransport, UNCOMPRESSED } from '../net/transport.ts';
import type { ErrorCode } from '../telemetry/errors.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';
import { basesOf, withOwnReferences } from './own-references.ts';
import { createRefusedAccess } from './refused-access.ts';
import { leaveOutUnsound } from './sound-elements.ts';

/** A request to the FHIR server's RESTful API. */
export interface FhirRequest {
  /** What it does, in a few fixed words: for metrics, logs and errors in place of the URL. */
  readonly operation: string;
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Path below the base URL, with its query; or a whole URL below it, as servers give for the next page. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A resource. */
  readonly body?: unknown;
  /** The parameters of a search by POST, in place of a resource. */
  readonly form?: readonly (readonly [string, string])[];
  readonly signal?: AbortSignal | undefined;
}

/** The refusal of a request, with the issue codes of the OperationOutcome (never its diagnostics: they may echo data). */
export class FhirRefusal extends BridgeError {
  readonly status: number;
  constructor(
    code: ErrorCode,
    detail: string,
    { status, retryAfterMs }: { status: number; retryAfterMs: number | undefined },
  ) {
    super(code, detail, { retryAfterMs });
    this.name = 'FhirRefusal';
    this.status = status;
  }
}

export interface FhirClient {
  /**
   * @returns the body of the answer
   * @throws BridgeError for every failure; FhirRefusal where the server itself answered
   */
  request(request: FhirRequest): Promise<unknown>;
  /** The code for answers that have not the form of FHIR. */
  readonly answerCode: ErrorCode;
  /** How the server lets itself be searched; as HAPI does where it is left out. */
  readonly searching?: SearchRules;
}

/** How a server lets itself be searched. */
export interface SearchRules {
  /** What keeps an answer from its cache: `no-store` leaves nothing behind there either, and some proxies refuse it. */
  readonly cacheControl: 'no-store' | 'no-cache';
  /** The most resources that may be asked for at once. */
  readonly largestPage: number;
}

/** What failures are called in the catalogue. */
export interface FhirCodes {
  readonly unavailable: ErrorCode;
  readonly rateLimited: ErrorCode;
  readonly token: ErrorCode;
  /** For 401 and 403 as long as the server takes other requests; left out, they are always `token`. */
  readonly forbidden?: ErrorCode;
  /** For 500 by the server itself, where what it fails on is told from a server that is away; left out, it is `unavailable`. */
  readonly failed?: ErrorCode;
  readonly conflict: ErrorCode;
  readonly refused: ErrorCode;
  /** The error of a request that is refused for its size (413), which a retry does not change; left out, that of every refusal. */
  readonly tooLarge?: ErrorCode;
  /** For a refusal that is no JSON, and so comes from a proxy in between: that it says 404 says nothing of a resource. */
  readonly refusedByProxy: ErrorCode;
  readonly answer: ErrorCode;
  readonly redirected: ErrorCode;
  readonly certificate: ErrorCode;
  /** For requests that their caller stopped; without it the caller's own reason is thrown. */
  readonly stopped?: ErrorCode;
}

/** Where the server is and how it is spoken to. */
export interface FhirClientOptions extends Partial<Omit<TransportOptions, 'connectTimeoutMs'>> {
  readonly baseUrl: string;
  /** Other addresses of the same server, by which its resources may be referred to. */
  readonly baseAliases?: readonly string[];
  readonly bearerToken: string | undefined;
  readonly requestTimeoutMs: number;
  readonly observe: RequestObserver;
  /** Told the type of each resource of which elements were left out, as they have not the form of FHIR. */
  readonly onUnsound?: (resourceType: string) => void;
  /** Sent with every request that has none of its own. */
  readonly cacheControl?: string;
  readonly searching?: SearchRules;
  /** Stands before each operation in metrics and errors, where there are several servers. */
  readonly label?: string;
  readonly codes?: FhirCodes;
  /** False where the caller breaks the circuit itself. */
  readonly breaksCircuit?: boolean;
}

/** The codes of the bridge's own FHIR server. */
export const OWN_CODES: FhirCodes = {
  unavailable: 'fhir-unavailable',
  rateLimited: 'fhir-rate-limited',
  token: 'fhir-token',
  forbidden: 'fhir-forbidden',
  conflict: 'fhir-conflict',
  refused: 'fhir-refused',
  refusedByProxy: 'fhir-unavailable',
  tooLarge: 'fhir-too-large',
  answer: 'fhir-answer',
  redirected: 'fhir-unavailable',
  certificate: 'fhir-unavailable',
  stopped: 'fhir-unavailable',
};
/** A page of a thousand resources with attachments in them. */
const LARGEST_ANSWER_BYTES = 256 * 1024 * 1024;

const outcomeSchema = z.object({
  resourceType: z.literal('OperationOutcome'),
  issue: z.array(z.object({ severity: z.string(), code: z.string() })),
});
const errorSchema = z.object({
  response: z.object({ status: z.number(), data: z.unknown() }),
  config: z.object({ headers: z.instanceof(Headers) }),
});

/** Creates the client. It never retries by itself: the inbox does, with the same ids. It follows no redirect. */
export function createFhirClient(options: FhirClientOptions): FhirClient {
  const { codes = OWN_CODES, label, breaksCircuit = true, searching } = options;
  // That the server refuses all is no better than its being away; that it refuses one says nothing of the others.
  const attempt = createAttempts(options.observe, breaksCircuit ? codes.unavailable : undefined, codes.token);
  const send = withAccessJudged(createSend(options, codes), codes);
  return {
    answerCode: codes.answer,
    ...(searching !== undefined && { searching }),
    request(request) {
      const operation = label === undefined ? request.operation : `${label} ${request.operation}`;
      return attempt(operation, () => send({ ...request, operation }));
    },
  };
}

type Send = (request: FhirRequest) => Promise<unknown>;

/** Tells the refusal of one resource from that of all, where the codes do. */
function withAccessJudged(send: Send, codes: FhirCodes): Send {
  const { forbidden, token } = codes;
  if (forbidden === undefined) return send;
  const access = createRefusedAccess();
  return async (request) => {
    try {
      const answer = await send(request);
      access.noteAccess();
      return answer;
    } catch (error) {
      if (error instanceof BridgeError && error.code === token && !access.isOfAll(request))
        throw forbiddenBy(error, forbidden);
      if (error instanceof FhirRefusal && error.code !== token) access.noteAccess();
      throw error;
    }
  };
}

function forbiddenBy(error: BridgeError, code: ErrorCode): BridgeError {
  const detail = error.message.slice(error.code.length + 2);
  const { retryAfterMs: after } = error;
  return error instanceof FhirRefusal
    ? new FhirRefusal(code, detail, { status: error.status, retryAfterMs: after })
    : new BridgeError(code, detail, { retryAfterMs: after });
}

function createSend(
  options: FhirClientOptions,
  codes: FhirCodes,
): (request: FhirRequest) => Promise<unknown> {
  const { bearerToken, requestTimeoutMs, cacheControl, onUnsound } = options;
  const base = baseOf(options.baseUrl);
  const bases = basesOf(options.baseUrl, options.baseAliases);
  const dispatcher = createTransport({
    ...{ allowPrivateAddresses: true, largestAnswerBytes: LARGEST_ANSWER_BYTES, ...options },
    connectTimeoutMs: requestTimeoutMs,
  });
  const client = new Client({
    baseUrl: base.href,
    ...(bearerToken !== undefined && { bearerToken }),
    customHeaders: { ...UNCOMPRESSED, ...(cacheControl !== undefined && { 'cache-control': cacheControl }) },
    // A redirect would carry the credentials elsewhere.
    requestOptions: { dispatcher, redirect: 'manual' },
  });

  return async ({ operation, method, path, headers, body, form, signal }) => {
    const url = new URL(path, base);
    if (!isBelow(url, base)) throw new BridgeError(codes.answer, `${operation}: a link leads elsewhere`);
    const time = AbortSignal.timeout(requestTimeoutMs);
    const content = form === undefined ? 'application/fhir+json' : 'application/x-www-form-urlencoded';
    try {
      const answer: unknown = await client.request(url.href, {
        method,
        options: {
          headers: { ...headers, ...((body ?? form) !== undefined && { 'content-type': content }) },
          signal: signal === undefined ? time : AbortSignal.any([signal, time]),
        },
        body: form === undefined ? body : encodeForm(form),
      });
      for (const resourceType of leaveOutUnsound(answer)) onUnsound?.(resourceType);
      return withOwnReferences(answer, bases);
    } catch (error) {
      if (codes.stopped === undefined) signal?.throwIfAborted();
      throw errorOf(operation, error, codes, signal);
    }
  };
}

/** Tells whether the server made what it answers with, and did not find it. */
export function wasCreated(answer: { readonly resourceType: string }): boolean {
  return Client.httpFor(answer).response?.status === 201;
}

function errorOf(operation: string, error: unknown, codes: FhirCodes, stop?: AbortSignal): BridgeError {
  if (isOfNoObject(error)) return new BridgeError(codes.answer, `${operation}: expected a resource`);
  const answered = errorSchema.safeParse(error);
  if (!answered.success) {
    const { reason, message } = describeFailure(error, stop);
    return new BridgeError(failureCode(reason, codes), `${operation}: ${message}`);
  }
  const { response, config } = answered.data;
  const { status, data } = response;
  const asked = { retryAfterMs: retryAfterMs(config.headers.get('retry-after'), Date.now()) };
  // The library leaves as text what is no JSON.
  if (typeof data === 'string') {
    return new BridgeError(proxyCode(status, codes), `${operation}: ${status}, no JSON`, asked);
  }
  const issues = outcomeSchema.safeParse(data).data?.issue.map((issue) => issue.code) ?? [];
  const detail = `${operation}: ${status} ${issues.join(', ')}`.trim();
  return new FhirRefusal(refusalCode(status, codes), detail, { status, ...asked });
}

/** The library's error for an answer of JSON that is no object: the server is there. */
function isOfNoObject(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'Object.defineProperty called on non-object';
}

/** The code for a request without an answer. */
export function failureCode(reason: FailureReason, codes: FhirCodes): ErrorCode {
  switch (reason) {
    case 'certificate':
      return codes.certificate;
    case 'too-large':
      return codes.answer;
    case 'stopped':
      return codes.stopped ?? codes.unavailable;
    case 'connection':
    case 'private-address':
    case 'timeout':
      return codes.unavailable;
  }
}

/** The code for an answer that is no JSON. */
export function proxyCode(status: number, codes: FhirCodes): ErrorCode {
  if (status < 300) return codes.answer;
  const code = refusalCode(status, codes);
  return [codes.refused, codes.conflict, codes.failed].includes(code) ? codes.refusedByProxy : code;
}

/** The code for a refusal by the server. */
export function refusalCode(status: number, codes: FhirCodes): ErrorCode {
  if (status < 400) return codes.redirected;
  if (status === 409 || status === 412) return codes.conflict;
  if (status === 429) return codes.rateLimited;
  if (status === 413 && codes.tooLarge !== undefined) return codes.tooLarge;
  if (status === 401 || status === 403) return codes.token;
  if (status === 500 && codes.failed !== undefined) return codes.failed;
  if (status >= 500 || status === 408) return codes.unavailable;
  return codes.refused;
}
