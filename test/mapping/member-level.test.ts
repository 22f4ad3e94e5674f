// The level of a member: by type, for professionals by role code; codes raise neither patients nor relatives.
import type { CodeableConcept } from 'fhir/r4.js';
import { describe, expect, test } from 'vitest';
import type { LevelTable } from '../../src/mapping/member-level.ts';
import { levelOf } from '../../src/mapping/member-level.ts';

const SNOMED = 'http://snomed.info/sct';
const TEAM = 'http://example.org/team-roles';
const TABLE: LevelTable = {
  practitioner: 75,
  organization: 70,
  relatedPerson: 50,
  patient: 25,
  roles: [
    { system: TEAM, code: 'primary', level: 100 },
    { system: SNOMED, code: '158965000', level: 80 },
    { system: SNOMED, code: 'student', level: 40 },
    { code: 'assistant', level: 60 },
    { code: 'unbound', level: 90 },
  ],
};
const role = (
  ...codings: readonly (readonly [system: string | undefined, code: string])[]
): CodeableConcept => ({
  coding: codings.map(([system, code]) => ({ ...(system !== undefined && { system }), code })),
});

describe('professionals, by the roles that their team gives them,', () => {
  test.each<[string, readonly CodeableConcept[], number]>([
    ['without a role have the level of their type', [], 75],
    ['with a role of no known code have it, too', [role([SNOMED, '999'])], 75],
    ['with a role in words alone have it, too', [{ text: 'primary' }], 75],
    ['have the level of their role', [role([SNOMED, '158965000'])], 80],
    ['have a lower level where their role has', [role([SNOMED, 'student'])], 40],
    ['have the highest of several codes', [role([SNOMED, 'student'], [SNOMED, '158965000'])], 80],
    ['have the highest of several roles', [role([SNOMED, 'student']), role([TEAM, 'primary'])], 100],
    ['match a row without system by code alone', [role(['http://example.org/roles', 'assistant'])], 60],
    ['do not match a row with another system', [role(['http://example.org/roles', '158965000'])], 75],
    ['do not match a row with a system by code alone', [role([undefined, 'primary'])], 75],
    ['get no more than that of their type by a row without system', [role([TEAM, 'unbound'])], 75],
  ])('%s', (_, inTeam, expected) => {
    expect(levelOf('Practitioner', { inTeam, elsewhere: [] }, TABLE)).toBe(expected);
    expect(levelOf('PractitionerRole', { inTeam, elsewhere: [] }, TABLE)).toBe(expected);
  });
});

test.each<[string, readonly CodeableConcept[], number]>([
  ['raises no one above the level of their type', [role([TEAM, 'primary'], [SNOMED, '158965000'])], 75],
  ['may lower them', [role([SNOMED, 'student'])], 40],
])('a role elsewhere, in a PractitionerRole or another team, %s', (_, elsewhere, expected) => {
  expect(levelOf('Practitioner', { inTeam: [], elsewhere }, TABLE)).toBe(expected);
});

describe('patients and relatives keep their level, whatever role code they have', () => {
  test.each([
    ['Patient', 25],
    ['RelatedPerson', 50],
    ['Organization', 70],
  ] as const)('a %s has %i', (resourceType, expected) => {
    for (const roles of [[], [role([TEAM, 'primary'])], [role([SNOMED, 'student'])]]) {
      expect(levelOf(resourceType, { inTeam: roles, elsewhere: roles }, TABLE)).toBe(expected);
    }
  });
});
