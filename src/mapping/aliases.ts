// Room aliases by the operator's templates, and the other forms by which a room is found: those of the guides.
import { idOf, isFhirId, referenceTo, typeOf, type FhirReference, type RoomAlias } from '../domain/ids.ts';
import { opaqueName } from './ghosts.ts';

/** What the aliases of rooms are made of. */
export interface AliasSettings {
  readonly aliases: AliasTemplates;
  readonly serverName: string;
  readonly ghostPrefix: string;
  readonly pseudonymizationKey: string;
}

/** The localparts, with `{id}` for the id of the resource; or `opaque`: a keyed hash, from which no one can find the room. */
export interface AliasTemplates {
  readonly space: string;
  readonly conversation: string;
}

/** The template of aliases that say nothing. */
const OPAQUE = 'opaque';
const KINDS = { space: 'CareTeam', conversation: 'CommunicationRequest' } as const;
type Kind = keyof typeof KINDS;

/**
 * The forms in the public guides: the September 2025 guide has a slash, the June 2025 guide a dash for the same room.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie
 */
const GUIDES: Readonly<Record<Kind, readonly string[]>> = {
  space: ['careteam/{id}', 'careteam-{id}'],
  conversation: ['communicationrequest/{id}', 'communicationrequest-{id}'],
};

/**
 * The alias with which a CareTeam's space or a CommunicationRequest's room is made. FHIR ids are case-sensitive and keep
 * their case.
 */
export function aliasOf(
  reference: FhirReference,
  { aliases, serverName, ghostPrefix, pseudonymizationKey: key }: AliasSettings,
): RoomAlias {
  const template = aliases[typeOf(reference) === KINDS.space ? 'space' : 'conversation'];
  const localpart =
    template === OPAQUE
      ? `${ghostPrefix}${opaqueName(reference, key)}`
      : template.replace('{id}', () => idOf(reference));
  return `#${localpart}:${serverName}` as RoomAlias;
}

/** The localpart of an alias. */
export function localpartOf(alias: RoomAlias): string {
  return alias.slice(1, alias.indexOf(':'));
}

/**
 * The alias for a room whose own alias belongs to a room of others. No FHIR id holds a slash, so it is no other resource's; it is in
 * the namespace of the registration still.
 */
export function spareAliasOf(alias: RoomAlias): RoomAlias {
  const server = alias.indexOf(':');
  return `${alias.slice(0, server)}/care${alias.slice(server)}` as RoomAlias;
}

type Naming = Pick<AliasSettings, 'aliases' | 'serverName'>;

/** The resource whose room an alias names in any form; undefined for other aliases, and for opaque ones. */
export function referenceOfAlias(alias: string, naming: Naming): FhirReference | undefined {
  return referenceIn(alias, naming, (kind) => [naming.aliases[kind], ...otherForms(kind, naming.aliases)]);
}

/**
 * The resource whose room an alias names in a form of the guides that is not the operator's own.
 * @returns undefined for all other aliases, and where the operator wants no one to find a room by its id
 */
export function referenceOfOtherForm(alias: string, naming: Naming): FhirReference | undefined {
  return referenceIn(alias, naming, (kind) => otherForms(kind, naming.aliases));
}

function referenceIn(
  alias: string,
  { serverName }: Naming,
  templatesOf: (kind: Kind) => readonly string[],
): FhirReference | undefined {
  if (!alias.startsWith('#') || !alias.endsWith(`:${serverName}`)) return undefined;
  const localpart = alias.slice(1, -serverName.length - 1);
  for (const kind of ['space', 'conversation'] as const) {
    for (const template of templatesOf(kind).filter((each) => each !== OPAQUE)) {
      const prefix = template.replace('{id}', '');
      const id = localpart.startsWith(prefix) ? localpart.slice(prefix.length) : '';
      if (isFhirId(id)) return referenceTo(KINDS[kind], id);
    }
  }
  return undefined;
}

function otherForms(kind: Kind, aliases: AliasTemplates): readonly string[] {
  const own = aliases[kind];
  return own === OPAQUE ? [] : GUIDES[kind].filter((template) => template !== own);
}

/** The localparts of all aliases that the bridge may make, `*` standing for any text: the namespace of its registration. */
export function aliasPatterns({
  aliases,
  ghostPrefix,
}: Pick<AliasSettings, 'aliases' | 'ghostPrefix'>): readonly string[] {
  const kinds = ['space', 'conversation'] as const;
  const templates = kinds.flatMap((kind) => [aliases[kind], ...otherForms(kind, aliases)]);
  const patterns = templates.map((template) =>
    template === OPAQUE ? `${ghostPrefix}*` : template.replace('{id}', '*'),
  );
  return [...new Set(patterns)];
}
