// Room aliases: the localparts `careteam/{id}` and `communicationrequest/{id}` of the guides, and the form with a dash.
import { idOf, isFhirId, referenceTo, typeOf, type FhirReference, type RoomAlias } from '../domain/ids.ts';

/**
 * The alias localpart of a CareTeam's space or a CommunicationRequest's room. FHIR ids are case-sensitive and keep their
 * case.
 */
export function aliasLocalpartOf(reference: FhirReference): string {
  return `${typeOf(reference).toLowerCase()}/${idOf(reference)}`;
}

/** The whole alias, `#localpart:server`. */
export function aliasOf(reference: FhirReference, serverName: string): RoomAlias {
  return `#${aliasLocalpartOf(reference)}:${serverName}` as RoomAlias;
}

/**
 * The alias for a room whose own alias belongs to a room of others. No FHIR id holds a slash, so it is no other resource's; it is in
 * the namespace of the registration still.
 */
export function spareAliasOf(alias: RoomAlias): RoomAlias {
  const server = alias.indexOf(':');
  return `${alias.slice(0, server)}/care${alias.slice(server)}` as RoomAlias;
}

/** The localpart of an alias. */
export function localpartOf(alias: RoomAlias): string {
  return alias.slice(1, alias.indexOf(':'));
}

/** What an alias of a bridged room says. */
interface AliasMeaning {
  readonly reference: FhirReference;
  /** The bridge makes the form with the slash. The June 2025 guide also uses a dash for the same room. */
  readonly form: 'slash' | 'dash';
}

const TYPES = { careteam: 'CareTeam', communicationrequest: 'CommunicationRequest' } as const;
const LOCALPART = /^#(careteam|communicationrequest)([/-])([^:]+):(.+)$/;

/** The resource whose room an alias names; undefined for aliases of other forms or servers. */
export function referenceOfAlias(alias: string, serverName: string): AliasMeaning | undefined {
  const [, type, separator, id = '', server] = LOCALPART.exec(alias) ?? [];
  if (server !== serverName || !isFhirId(id)) return undefined;
  return {
    reference: referenceTo(TYPES[type as keyof typeof TYPES], id),
    form: separator === '/' ? 'slash' : 'dash',
  };
}
