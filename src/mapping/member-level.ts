// The power level of a member: by the type of resource, and for professionals by role code.
import type { CodeableConcept } from 'fhir/r4.js';
import type { Person } from '../domain/fhir.ts';

/** Levels as the operator configured them. */
export interface LevelTable {
  readonly practitioner: number;
  readonly organization: number;
  readonly relatedPerson: number;
  readonly patient: number;
  /**
   * By role code; a row without system matches the code in every system. Above the level of practitioners a row counts only with a
   * system, and only for roles that the team gives.
   */
  readonly roles: readonly {
    readonly system?: string | undefined;
    readonly code: string;
    readonly level: number;
  }[];
}

/** The roles of a member, by who gives them. */
export interface RolesOfMember {
  /** By the team in whose space, or conversation, they are. */
  readonly inTeam: readonly CodeableConcept[];
  /** By their PractitionerRoles and by other teams: whoever writes those must not decide who leads this one. */
  readonly elsewhere: readonly CodeableConcept[];
}

/**
 * The level of a member. A professional gets the highest level that the table has for one of their role codes, or else that
 * of their type. Patients and relatives always get the level of their type.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-power-levels--toestemmingen
 */
export function levelOf(
  resourceType: Person['resourceType'],
  roles: RolesOfMember,
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

function levelOfProfessional({ inTeam, elsewhere }: RolesOfMember, table: LevelTable): number {
  const has = (roles: readonly CodeableConcept[], { system, code }: LevelTable['roles'][number]): boolean =>
    roles
      .flatMap((role) => role.coding ?? [])
      .some((coding) => coding.code === code && (system === undefined || coding.system === system));
  const levels = table.roles
    .filter((row) =>
      row.level > table.practitioner
        ? row.system !== undefined && has(inTeam, row)
        : has([...inTeam, ...elsewhere], row),
    )
    .map(({ level }) => level);
  return levels.length === 0 ? table.practitioner : Math.max(...levels);
}
