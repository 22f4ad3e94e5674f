// Files on the FHIR server: a Binary is written with its bytes as they are. https://hl7.org/fhir/R4/binary.html
import { parseResourceUrl, referenceTo, type FhirReference } from '../domain/ids.ts';
import { createAttempts } from '../net/circuit.ts';
import { describeFailure } from '../net/failure.ts';
import { baseOf, createHttp, type FlowingFile, type HttpAnswer } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';
import { failureCode, FhirRefusal, OWN_CODES, proxyCode, refusalCode } from './client.ts';

/** Where Binaries are written, and how. */
export interface BinaryOptions {
  readonly baseUrl: string;
  readonly bearerToken: string | undefined;
  /** Whether the bridge may choose the id, or the server does. */
  readonly idStrategy: 'client-assigned' | 'server-assigned';
  /** How long a whole file may take. */
  readonly timeoutMs: number;
  readonly observe: RequestObserver;
}

/** Answers to writes are short: `return=minimal` is asked for, and some servers answer with an OperationOutcome all the same. */
const LARGEST_ANSWER_BYTES = 1024 * 1024;
const OPERATION = 'write Binary';

/** Creates the writing of Binaries. */
export function createBinaries({ baseUrl, bearerToken, idStrategy, timeoutMs, observe }: BinaryOptions) {
  const http = createHttp({
    ...{ allowPrivateAddresses: true, largestAnswerBytes: LARGEST_ANSWER_BYTES, timeoutMs },
  });
  const base = baseOf(baseUrl);
  const attempt = createAttempts(observe);
  const isOurs = idStrategy === 'client-assigned';

  async function write(
    { id, file, securityContext }: NewBinary,
    signal: AbortSignal | undefined,
  ): Promise<FhirReference> {
    const own = referenceTo('Binary', id);
    const headers = {
      ...(bearerToken !== undefined && { authorization: `Bearer ${bearerToken}` }),
      ...(securityContext !== undefined && { 'x-security-context': securityContext }),
      accept: 'application/fhir+json',
      prefer: 'return=minimal',
    };
    const url = new URL(isOurs ? own : 'Binary', base);
    const answer = await http
      .send({ method: isOurs ? 'PUT' : 'POST', url, headers, file, signal })
      .catch((error: unknown) => {
        const { reason, message } = describeFailure(error, signal);
        throw new BridgeError(failureCode(reason, OWN_CODES), `${OPERATION}: ${message}`);
      });
    if (answer.status !== 200 && answer.status !== 201) throw refusalOf(answer);
    if (isOurs) return own;
    const made = parseResourceUrl(answer.header('location'));
    if (made?.resourceType !== 'Binary')
      throw new BridgeError(OWN_CODES.answer, `${OPERATION}: no Location of a Binary`);
    return made.reference;
  }

  return {
    /** Whether writing it again with the same id writes the same Binary; if not, each call makes another. */
    isRepeatable: isOurs,

    /** Writes a file. @returns its Binary */
    write: (binary: NewBinary, signal?: AbortSignal): Promise<FhirReference> =>
      attempt(OPERATION, () => write(binary, signal)),
  };
}

/** A file to be written. */
export interface NewBinary {
  /** Used where the bridge may choose ids. */
  readonly id: string;
  readonly file: FlowingFile;
  /** Who may read this resource may read the file (https://hl7.org/fhir/R4/binary.html#security-context). */
  readonly securityContext: FhirReference | undefined;
}

export type Binaries = ReturnType<typeof createBinaries>;

function refusalOf({ status, body, retryAfterMs }: HttpAnswer): BridgeError {
  const detail = `${OPERATION}: ${status}`;
  if (body === undefined)
    return new BridgeError(proxyCode(status, OWN_CODES), `${detail}, no JSON`, { retryAfterMs });
  return new FhirRefusal(refusalCode(status, OWN_CODES), detail, { status, retryAfterMs });
}
