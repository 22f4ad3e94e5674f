// What ends the work on a file: a reason of the bridge's own, or the refusal of a server.
import type { FileRefusal } from '../domain/files.ts';
import { BridgeError } from '../telemetry/errors.ts';

/** Ends the work on a file for good; trying again would come to the same. */
export class FileRefused extends Error {
  readonly reason: FileRefusal;
  constructor(reason: FileRefusal) {
    super(`file refused: ${reason}`);
    this.name = 'FileRefused';
    this.reason = reason;
  }
}

/** The HTTP status of a refusal by the homeserver or the FHIR server itself; undefined for every other error. */
export function refusedStatus(error: unknown): unknown {
  return error instanceof BridgeError && 'status' in error ? error.status : undefined;
}
