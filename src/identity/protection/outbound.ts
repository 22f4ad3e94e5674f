// Requests to homeservers that others name: no redirects, small answers, a deadline, and no way into private networks.
import { HttpFailure } from '../../net/failure.ts';
import type { HttpAnswer, HttpRequest } from '../../net/http.ts';
import { createHttp } from '../../net/http.ts';
import { BridgeError } from '../../telemetry/errors.ts';

/** Where a request goes. */
export interface Destination {
  /** Scheme, host and port to connect to. */
  readonly origin: string;
  /** The name in the certificate and the Host header, where it is not the origin's. */
  readonly name?: string;
  /** Given by the operator: it may lie in a private network. All else must be public, and speak TLS. */
  readonly configured: boolean;
}

export interface OutboundRequest extends Pick<HttpRequest, 'method' | 'json'> {
  /** What it does, for errors: the path may hold a token. */
  readonly operation: string;
  readonly path: string;
}

/** An answer; its body is undefined when it is no JSON, or too large. */
export type OutboundAnswer = Pick<HttpAnswer, 'status' | 'body'>;

/**
 * Makes a request.
 * @throws BridgeError `matrix-unavailable` when there is no answer
 */
export type Outbound = (
  destination: Destination,
  request: OutboundRequest,
  signal: AbortSignal,
) => Promise<OutboundAnswer>;

const LIMITS = { largestAnswerBytes: 64 * 1024, timeoutMs: 30_000 };

/** Creates the requests; connections to servers that are configured are kept apart from all others. */
export function createOutbound(): Outbound {
  const toConfigured = createHttp({ ...LIMITS, allowPrivateAddresses: true });
  const toPublic = createHttp({ ...LIMITS, allowPrivateAddresses: false });
  return async ({ origin, name, configured }, { operation, method, path, json }, signal) => {
    const url = new URL(`${new URL(origin).origin}${path}`);
    const headers = { host: name ?? url.host, 'user-agent': 'fhir-matrix-bridge' };
    try {
      return await (configured ? toConfigured : toPublic).send({ method, url, headers, json, signal });
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      const { reason, status } = error;
      if (reason === 'too-large' && status !== undefined) return { status, body: undefined };
      throw new BridgeError('matrix-unavailable', `${operation}: ${error.message}`);
    }
  };
}
