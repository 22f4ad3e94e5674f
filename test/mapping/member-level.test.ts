// The level of a member: by type, for professionals by role code; codes raise neither patients nor relatives.
import type { CodeableConcept } from 'fhir/r4.js';
import { describe, expect, test } from 'vitest';
import type { LevelTable } from '../../src/mapping/member-level.ts';
import { levelOf } from '../../src/mapping/member-level.ts';

const SNOMED = 'http://snomed.info/sct';
const TABLE: LevelTable = {
  practitioner: 75,
  organization: 70,
  relatedPerson: 50,
  patient: 25,
  roles: [
    { code: 'primary', level: 100 },
    { system: SNOMED, code: '158965000', level: 80 },
    { system: SNOMED, code: 'student', level: 40 },
  ],
};
const role = (
  ...codings: readonly (readonly [system: string | undefined, code: string])[]
): CodeableConcept => ({
  coding: codings.map(([system, code]) => ({ ...(system !== undefined && { system }), code })),
});

describe('professionals', () => {
  test.each<[string, readonly CodeableConcept[], number]>([
    ['without a role have the level of their type', [], 75],
    ['with a role of no known code have it, too', [role([SNOMED, '999'])], 75],
    ['with a role in words alone have it, too', [{ text: 'primary' }], 75],
    ['have the level of their role', [role([SNOMED, '158965000'])], 80],
    ['have a lower level where their role has', [role([SNOMED, 'student'])], 40],
    ['have the highest of several codes', [role([SNOMED, 'student'], [SNOMED, '158965000'])], 80],
    ['have the highest of several roles', [role([SNOMED, 'student']), role([undefined, 'primary'])], 100],
    ['match a row without system by code alone', [role(['http://example.org/roles', 'primary'])], 100],
    ['do not match a row with another system', [role(['http://example.org/roles', '158965000'])], 75],
    ['do not match a row with a system by code alone', [role([undefined, '158965000'])], 75],
  ])('%s', (_, roles, expected) => {
    expect(levelOf('Practitioner', roles, TABLE)).toBe(expected);
    expect(levelOf('PractitionerRole', roles, TABLE)).toBe(expected);
  });
});

describe('patients and relatives keep their level, whatever role code they have', () => {
  test.each([
    ['Patient', 25],
    ['RelatedPerson', 50],
    ['Organization', 70],
  ] as const)('a %s has %i', (resourceType, expected) => {
    for (const roles of [[], [role([undefined, 'primary'])], [role([SNOMED, 'student'])]]) {
      expect(levelOf(resourceType, roles, TABLE)).toBe(expected);
    }
  });
});
