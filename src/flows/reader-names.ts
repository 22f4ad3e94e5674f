// The names of readers in the table of cursors, and of a job in the table of passes.
import type { WatchedType } from '../domain/fhir.ts';

/** The homeserver's reader. */
export const MATRIX_READER = 'matrix';

/** A FHIR reader. */
export function fhirReader(resourceType: WatchedType): string {
  return `fhir:${resourceType}`;
}

/** The job that notices that the database or a server went back to an earlier state. */
export const CONTINUITY_JOB = 'continuity';
