// The pseudonym service over HTTP: JSON both ways, behind limits, a circuit breaker and the error catalogue.
// docs/reference/pseudonym-service.md is its contract.
import { z } from 'zod';
import type { FhirReference } from '../domain/ids.ts';
import { isFhirId } from '../domain/ids.ts';
import { createAttempts } from '../net/circuit.ts';
import { HttpFailure } from '../net/failure.ts';
import type { HttpAnswer } from '../net/http.ts';
import { createHttp } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { noPseudonyms } from './pseudonyms.ts';

/** Where the service is; without a URL for one of the two directions, that one is left out. */
export interface ServiceOptions {
  readonly tokenUrl?: string | undefined;
  readonly resolverUrl?: string | undefined;
  readonly bearerToken?: string | undefined;
  readonly timeoutMs: number;
  /** The own homeserver: who a received token was meant for. */
  readonly serverName: string;
  readonly observe: RequestObserver;
}

/** The longest answer that is read. */
export const LONGEST_ANSWER_BYTES = 65_536;

const tokenAnswer = z.object({ token: z.string().min(1).optional() });
const patientAnswer = z.object({
  patient: z
    .string()
    .refine((reference) => reference.startsWith('Patient/') && isFhirId(reference.slice('Patient/'.length)))
    .transform((reference) => reference as FhirReference)
    .optional(),
});

/** Speaks to the service, for the directions that have a URL. */
export function createPseudonyms(options: ServiceOptions): Pseudonyms {
  const { tokenUrl, resolverUrl } = options;
  return {
    ...noPseudonyms,
    ...(tokenUrl !== undefined && { tokenFor: createTokenFor(options, tokenUrl) }),
    ...(resolverUrl !== undefined && { canResolve: true, resolve: createResolve(options, resolverUrl) }),
  };
}

function createTokenFor(options: ServiceOptions, url: string): Pseudonyms['tokenFor'] {
  const ask = createAsk(options, 'get token', url, tokenAnswer);
  return async ({ subject, recipientServer }, signal) =>
    (await ask({ subject, audience: recipientServer }, signal))?.token;
}

function createResolve(options: ServiceOptions, url: string): Pseudonyms['resolve'] {
  const ask = createAsk(options, 'resolve token', url, patientAnswer);
  return async ({ token, platform, senderServer: sender, invitation: requestId }, signal) =>
    (await ask({ token, platform, sender, audience: options.serverName, requestId }, signal))?.patient;
}

/**
 * Creates the questions to an endpoint. It never retries by itself: the inbox does. Errors hold neither what was sent nor
 * what was answered.
 * @param operation what it does, in a few fixed words: for metrics, logs and errors in place of the URL
 * @returns a function that gives undefined where the service knows nothing
 */
function createAsk<Schema extends z.ZodType>(
  { bearerToken, timeoutMs, observe }: ServiceOptions,
  operation: string,
  url: string,
  schema: Schema,
) {
  const limits = { timeoutMs, largestAnswerBytes: LONGEST_ANSWER_BYTES };
  const http = createHttp({ ...limits, allowPrivateAddresses: true });
  const attempt = createAttempts(observe, 'pseudonym-unavailable');
  const headers = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` };

  async function send(json: object, signal: AbortSignal): Promise<unknown> {
    try {
      return resultOf(
        operation,
        await http.send({ method: 'POST', url: new URL(url), headers, json, signal }),
      );
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      const code = error.reason === 'too-large' ? 'pseudonym-answer' : 'pseudonym-unavailable';
      throw new BridgeError(code, `${operation}: ${error.message}`);
    }
  }

  return async (json: object, signal: AbortSignal): Promise<z.output<Schema> | undefined> => {
    const answer = await attempt(operation, () => send(json, signal));
    if (answer === undefined) return undefined;
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new BridgeError('pseudonym-answer', `${operation}: unexpected answer at ${fields}`);
  };
}

/** The answered JSON; undefined where the service knows nothing: 204, or 404 in JSON. */
function resultOf(operation: string, { status, body, retryAfterMs }: HttpAnswer): unknown {
  if (status === 204) return undefined;
  // A 404 of anything but the service itself says that the URL is wrong, not that the patient is unknown.
  if (status === 404 && z.looseObject({}).safeParse(body).success) return undefined;
  if (status >= 200 && status < 300 && body !== undefined) return body;
  throw new BridgeError(codeOf(status), `${operation}: ${status}`, { retryAfterMs });
}

function codeOf(status: number): BridgeError['code'] {
  if (status === 401 || status === 403) return 'pseudonym-credentials';
  if (status === 408 || status === 429 || status >= 500) return 'pseudonym-unavailable';
  return status < 400 || status === 404 ? 'pseudonym-answer' : 'pseudonym-refused';
}
