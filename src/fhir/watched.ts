// What is watched of a type: which resources, for the reader and its Subscription, and which of their elements.
import type { Coding } from 'fhir/r4.js';
import { LIFECYCLE_SYSTEM, type WatchedType } from '../domain/fhir.ts';
import type { ThreadProfile } from '../domain/threads.ts';
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

/** The elements of a type that are read: those by which it is known what changed, for whom, and in which order. */
export function elementsFor(
  resourceType: WatchedType,
  { elements }: Pick<ThreadProfile, 'elements'>,
): readonly string[] {
  return ['id', 'meta', ...ownElements(resourceType, elements)];
}

function ownElements(resourceType: WatchedType, ofThread: readonly string[]): readonly string[] {
  switch (resourceType) {
    case 'CareTeam':
    case 'CommunicationRequest':
      return [];
    case 'Communication':
      return [...ofThread, 'sent', 'identifier'];
    case 'Task':
      return ['status', 'intent', 'code', 'basedOn', 'focus', 'owner', 'executionPeriod', 'lastModified'];
    case 'AuditEvent':
      return ['type', 'action', 'agent', 'entity', 'recorded'];
    case 'PractitionerRole':
      return ['telecom', 'practitioner', 'organization'];
    case 'Organization':
    case 'Patient':
    case 'Practitioner':
    case 'RelatedPerson':
      return ['telecom'];
  }
}
