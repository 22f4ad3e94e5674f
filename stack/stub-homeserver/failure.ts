// The refusal of a request, as a homeserver words it.

/** Becomes the answer `status {errcode, error}`. */
export class MatrixFailure extends Error {
  readonly status: number;
  readonly errcode: string;
  constructor(status: number, errcode: string, message: string) {
    super(message);
    this.name = 'MatrixFailure';
    this.status = status;
    this.errcode = errcode;
  }
}

/** What auth rules and missing memberships are refused with. */
export function forbidden(message: string): MatrixFailure {
  return new MatrixFailure(403, 'M_FORBIDDEN', message);
}
