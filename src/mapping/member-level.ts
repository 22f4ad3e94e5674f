// The power level of a member: by the type of resource, and for professionals by role code.
import type { CodeableConcept } from 'fhir/r4.js';
import type { Person } from '../domain/fhir.ts';

/** Levels as the operator configured them. */
export interface LevelTable {
  readonly practitioner: number;
  readonly organization: number;
  readonly relatedPerson: number;
  readonly patient: number;
  /** By role code; a row without system matches the code in every system. */
  readonly roles: readonly {
    readonly system?: string | undefined;
    readonly code: string;
    readonly level: number;
  }[];
}

/**
 * The level of a member. A professional gets the highest level that the table has for one of their role codes, or else that
 * of their type. Patients and relatives always get the level of their type.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-power-levels--toestemmingen
 * @param roles the roles that the care team and the PractitionerRole give them
 */
export function levelOf(
  resourceType: Person['resourceType'],
  roles: readonly CodeableConcept[],
  table: LevelTable,
): number {
  switch (resourceType) {
    case 'Patient':
      return table.patient;
    case 'RelatedPerson':
      return table.relatedPerson;
    case 'Organization':
      return table.organization;
    case 'Practitioner':
    case 'PractitionerRole':
      return levelOfProfessional(roles, table);
  }
}

function levelOfProfessional(roles: readonly CodeableConcept[], table: LevelTable): number {
  const codings = roles.flatMap((role) => role.coding ?? []);
  const levels = table.roles
    .filter(({ code, system }) =>
      codings.some((coding) => coding.code === code && (system === undefined || coding.system === system)),
    )
    .map(({ level }) => level);
  return levels.length === 0 ? table.practitioner : Math.max(...levels);
}
