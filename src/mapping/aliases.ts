// Room aliases: the guides' form `careteam/{id}` and `communicationrequest/{id}`, as localparts.
import type { FhirReference, RoomAlias } from '../domain/ids.ts';
import { idOf, typeOf } from '../domain/ids.ts';

/**
 * The alias localpart of a CareTeam's space or a CommunicationRequest's room. FHIR ids are case-sensitive
 * and keep their case.
 */
export function aliasLocalpartOf(reference: FhirReference): string {
  return `${typeOf(reference).toLowerCase()}/${idOf(reference)}`;
}

/** The whole alias, `#localpart:server`. */
export function aliasOf(reference: FhirReference, serverName: string): RoomAlias {
  return `#${aliasLocalpartOf(reference)}:${serverName}` as RoomAlias;
}
