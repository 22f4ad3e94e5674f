// The types of resources that the bridge reads, all of them.
import { watchedTypes } from '../../../src/domain/fhir.ts';

/** The types. */
export const WATCHED_TYPES = watchedTypes(true);
