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
  /** The answer is larger than allowed, or compressed although that was not asked for. */
  | 'too-large';

/** A request without an answer that can be used. It has no cause: errors of the network may name the URL. */
export class HttpFailure extends Error {
  readonly reason: FailureReason;
  constructor(reason: FailureReason, message: string) {
    super(message);
    this.name = 'HttpFailure';
    this.reason = reason;
  }
}

/** An answer is compressed: it could become any size. */
export class CompressedAnswerError extends Error {
  readonly code = 'ECOMPRESSED';
  constructor() {
    super('The answer is compressed');
    this.name = 'CompressedAnswerError';
  }
}

const TOO_LARGE: ReadonlySet<string> = new Set(['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'ECOMPRESSED']);
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
  const code = codeOf(error);
  if (code === 'EPRIVATEADDRESS') return new HttpFailure('private-address', code);
  if (TOO_LARGE.has(code)) return new HttpFailure('too-large', 'answer too large, or compressed');
  if (TIMEOUT.test(code) || isTimeout(error)) return new HttpFailure('timeout', 'no answer in time');
  return new HttpFailure(CERTIFICATE.test(code) ? 'certificate' : 'connection', code);
}

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'TimeoutError' || isTimeout(error.cause));

/** The code of an error or of what caused it; codes alone are safe to tell. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_/]{1,60}$/.test(code) ? code : codeOf(error.cause);
}
