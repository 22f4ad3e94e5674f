// References in AuditEvents: to people, resources, and systems that are no resources.
import type { Reference } from 'fhir/r4.js';
import type { Agent, FactSubject } from '../domain/facts.ts';
import { EVENT_ID_SYSTEM, URI_SYSTEM } from '../domain/fhir.ts';
import { typeOf, type EventId, type FhirReference, type MatrixUserId } from '../domain/ids.ts';
import { SYSTEMS } from './codes.ts';
import type { AuditSettings } from './settings.ts';

/** A resource in its version, where that is known; also by the event that is its Matrix side. */
export function resourceReference({ reference, versionId }: FactSubject, eventId?: EventId): Reference {
  return {
    reference: versionId === undefined ? reference : `${reference}/_history/${versionId}`,
    type: typeOf(reference),
    ...(eventId !== undefined && { identifier: { system: EVENT_ID_SYSTEM, value: eventId } }),
  };
}

/** A person, by their resource and their Matrix user id as far as these are known; undefined without either. */
export function personReference({ person, userId }: Agent): Reference | undefined {
  if (person === undefined && userId === undefined) return undefined;
  return {
    ...(person !== undefined && { reference: person, type: typeOf(person) }),
    ...(userId !== undefined && { identifier: { system: URI_SYSTEM, value: userUri(userId) } }),
  };
}

/** A resource that may not be referred to, by its URL. */
export function urlOf(reference: FhirReference, fhirBaseUrl: string): Reference {
  return { identifier: { system: URI_SYSTEM, value: `${fhirBaseUrl}/${reference}` } };
}

/** The bridge, by its own user. */
export function bridgeReference({ bot, profile }: Pick<AuditSettings, 'bot' | 'profile'>): Reference {
  const identifier =
    profile === 'ozo'
      ? { system: SYSTEMS.ozoDevice, value: bot }
      : { system: URI_SYSTEM, value: userUri(bot) };
  return { type: 'Device', identifier };
}

/** The FHIR server, by its base URL. */
export function fhirServerReference({ fhirBaseUrl }: Pick<AuditSettings, 'fhirBaseUrl'>): Reference {
  return { type: 'Device', identifier: { system: URI_SYSTEM, value: fhirBaseUrl } };
}

/** A Matrix URI. https://spec.matrix.org/v1.19/appendices/#matrix-uri-scheme */
function userUri(userId: MatrixUserId): string {
  return `matrix:u/${userId.slice(1)}`;
}
