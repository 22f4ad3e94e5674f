// The names of the readers in the table of cursors.
import type { WatchedType } from '../domain/fhir.ts';

/** The homeserver's reader. */
export const MATRIX_READER = 'matrix';

/** A FHIR reader. */
export function fhirReader(resourceType: WatchedType): string {
  return `fhir:${resourceType}`;
}
