// Which resources of a type are watched, where not all are: a search, for the reader and its Subscription.
import type { Coding } from 'fhir/r4.js';
import { LIFECYCLE_SYSTEM, type WatchedType } from '../domain/fhir.ts';
import type { Query } from './search.ts';

/**
 * The search, beside the time; empty for all resources of the type.
 * @param readType the type of the AuditEvents which say that a person has read a message, by the server's profiles
 */
export function criteriaFor(resourceType: WatchedType, readType: Coding): Query {
  switch (resourceType) {
    case 'Task':
      return [['status', 'completed']];
    case 'AuditEvent': {
      // Of all that a server audits, only that somebody has read something.
      const own = `${readType.system ?? ''}|${readType.code ?? ''}`;
      return [['type', [...new Set([`${LIFECYCLE_SYSTEM}|access`, own])].join(',')]];
    }
    default:
      return [];
  }
}
