// Why a request has no answer, in words that name no URL, no query and no body.

/** What went wrong; each caller has a table from these to its codes of the error catalogue. */
export type FailureReason =
  /** No connection, or it broke. */
  | 'connection'
  /** The address is private or the protocol plain http, and may not be. */
  | 'private-address'
  /** Either side does not accept the other's certificate, or ours cannot be used. */
  | 'certificate'
  | 'timeout'
  /** The caller aborted its signal. */
  | 'stopped'
  /** The answer is larger than allowed, or compressed, so that it could become so. */
  | 'too-large';

/** A request without an answer that can be used. It has no cause: errors of the network may name the URL. */
export class HttpFailure extends Error {
  readonly reason: FailureReason;
  /** Of the answer, where it had begun. */
  readonly status: number | undefined;
  constructor(reason: FailureReason, message: string, status?: number) {
    super(message);
    this.name = 'HttpFailure';
    this.reason = reason;
    this.status = status;
  }
}

const TOO_LARGE = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
const TIMEOUT = /^(UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|ETIMEDOUT)$/;
/** Codes of Node and OpenSSL when either side's certificate is not accepted, or ours cannot be used. */
const CERTIFICATE =
  /^(ERR_(SSL|TLS|OSSL)_|EPROTO$|(SELF_SIGNED|UNABLE_TO|HOSTNAME)_|(INVALID|DEPTH_ZERO|PATH_LENGTH)_|(ERROR_IN_)?CERT_)/;

/**
 * Says what an error of the network means.
 * @param stop the caller's own signal
 */
export function describeFailure(error: unknown, stop: AbortSignal | undefined): HttpFailure {
  if (stop?.aborted === true) return new HttpFailure('stopped', 'stopped by the caller');
  if (error instanceof HttpFailure) return error;
  if (!(error instanceof Error)) return new HttpFailure('connection', 'no answer');
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error.name === 'TimeoutError' || TIMEOUT.test(code))
    return new HttpFailure('timeout', 'no answer in time');
  if (code === TOO_LARGE) return new HttpFailure('too-large', 'answer too large');
  // Only codes are safe to tell.
  if (!/^[A-Z0-9_/]{1,60}$/.test(code)) return describeFailure(error.cause, stop);
  return new HttpFailure(CERTIFICATE.test(code) ? 'certificate' : 'connection', code);
}
