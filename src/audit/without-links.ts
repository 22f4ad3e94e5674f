// The same AuditEvent without links to resources, for a server that refuses links to what is not there any more.
import type { Reference } from 'fhir/r4.js';
import { URI_SYSTEM } from '../domain/fhir.ts';
import type { OwnAuditEvent } from './audit-event.ts';

/** The event with the URLs of resources as identifiers: it says the same, but is not found by searches for those resources. */
export function withoutLinks(event: OwnAuditEvent, fhirBaseUrl: string): OwnAuditEvent {
  const unlinked = ({ reference, ...rest }: Reference): Reference =>
    reference === undefined
      ? rest
      : { ...rest, identifier: { system: URI_SYSTEM, value: `${fhirBaseUrl}/${reference}` } };
  return {
    ...event,
    agent: event.agent.map(({ extension, who, ...agent }) => ({
      ...(extension !== undefined && {
        extension: extension.map(({ valueReference, ...rest }) => ({
          ...rest,
          ...(valueReference !== undefined && { valueReference: unlinked(valueReference) }),
        })),
      }),
      ...agent,
      ...(who !== undefined && { who: unlinked(who) }),
    })),
    ...(event.entity !== undefined && {
      entity: event.entity.map(({ what, ...entity }) => ({
        ...entity,
        ...(what !== undefined && { what: unlinked(what) }),
      })),
    }),
  };
}
