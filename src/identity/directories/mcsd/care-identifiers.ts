// Numbers of Dutch care in FHIR: under which systems each is kept, how to ask for one, and how to find it in a resource.
import type { CodeableConcept, Coding, Identifier } from 'fhir/r4.js';
import type { Threepid } from '../directory.ts';
import { threepidOf } from '../threepid.ts';

/** The systems of a UZI number of a person: nl-core's, that of the Generic Functions' examples, and the OID. */
const UZI_SYSTEMS: readonly string[] = [
  'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers',
  'http://fhir.nl/fhir/NamingSystem/uzi',
  'urn:oid:2.16.528.1.1007.3.1',
];
const URA_SYSTEMS: readonly string[] = [
  'http://fhir.nl/fhir/NamingSystem/ura',
  'urn:oid:2.16.528.1.1007.3.3',
];
const UZI_ROLE_SYSTEM = 'http://fhir.nl/fhir/NamingSystem/uzi-rolcode';
const SNOMED = 'http://snomed.info/sct';

const SYSTEMS = { uzi_nr: UZI_SYSTEMS, ura_nr: URA_SYSTEMS } as const;

/** The value of an `identifier` parameter: the number under every system, with and without its leading zeros. */
export function identifierTokens(medium: 'uzi_nr' | 'ura_nr', address: string): string {
  const forms = new Set([address, address.replace(/^0+/, '')]);
  return SYSTEMS[medium].flatMap((system) => [...forms].map((form) => token(system, form))).join(',');
}

/** The value of a `role` parameter. */
export function roleToken(address: string): string {
  return token(roleSystemOf(address), address);
}

/** The value of a token parameter. */
export const token = (system: string, value: string): string => `${system}|${escaped(value)}`;

/** A value with what would end or split it escaped (https://hl7.org/fhir/R4/search.html#escaping). */
export const escaped = (value: string): string => value.replace(/[\\,$|]/g, String.raw`\$&`);

/** The numbers of a kind among a resource's identifiers. Those that are out of use, or malformed, are none. */
export function numbersIn(
  medium: 'uzi_nr' | 'ura_nr',
  identifiers: readonly Identifier[] | undefined,
): readonly Threepid[] {
  return (identifiers ?? []).flatMap(({ system, value, use }) =>
    use !== 'old' && SYSTEMS[medium].includes(system ?? '') ? (threepidOf(medium, value) ?? []) : [],
  );
}

/** The role codes in a role's `code` and `specialty`, where guides put them. */
export function rolesIn(concepts: readonly CodeableConcept[]): readonly Threepid[] {
  return concepts
    .flatMap(({ coding }) => coding ?? [])
    .flatMap((coding) => (isRole(coding) ? (threepidOf('role_code', coding.code) ?? []) : []));
}

const isRole = ({ system, code }: Coding): boolean => code !== undefined && system === roleSystemOf(code);

/** An address of this medium carries no system: its form tells it. */
const roleSystemOf = (code: string): string => (code.includes('.') ? UZI_ROLE_SYSTEM : SNOMED);
