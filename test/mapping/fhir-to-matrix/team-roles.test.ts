// The roles that a team gives a person: those of participations that hold, no longer.
import type { CareTeam } from 'fhir/r4.js';
import { expect, test } from 'vitest';
import { teamRolesOf } from '../../../src/mapping/fhir-to-matrix/team-roles.ts';
import { ref } from '../../builders/fhir.ts';

const NOON = Date.parse('2025-09-26T12:00:00Z');
const [PERSON, ROLE] = [ref('Practitioner/1'), ref('PractitionerRole/a')];
const FIVE = '2025-09-26T17:00:00Z';
const lead = { text: 'lead' };
const nurse = { text: 'nurse' };
const participant = (reference: string, role: object, period?: object) => ({
  ...{ member: { reference }, role: [role] },
  ...(period !== undefined && { period }),
});
const roles = (...participants: readonly object[]) =>
  teamRolesOf({ resourceType: 'CareTeam', participant: participants } as CareTeam, [PERSON, ROLE], NOON);

test('without a team there are none', () => {
  expect(teamRolesOf(undefined, [PERSON], NOON)).toEqual({ roles: [], until: undefined });
});

test('are those of all participations of a person, by any of their references, and no others', () => {
  const found = roles(
    participant('Practitioner/1', lead),
    participant('PractitionerRole/a', nurse),
    participant('Practitioner/2', { text: 'other' }, { end: FIVE }),
    { role: [lead] },
  );
  expect(found).toEqual({ roles: [lead, nurse], until: undefined });
});

test('are none of a participation that has ended: a person who came back without one has no power from before', () => {
  const found = roles(
    participant('Practitioner/1', lead, { end: '2025-09-25' }),
    participant('Practitioner/1', nurse),
  );
  expect(found).toEqual({ roles: [nurse], until: undefined });
});

test('hold until a participation begins or ends', () => {
  const ending = roles(participant('Practitioner/1', lead, { end: FIVE }));
  expect(ending).toEqual({ roles: [lead], until: Date.parse(FIVE) });
  const beginning = roles(participant('Practitioner/1', lead, { start: FIVE }));
  expect(beginning).toEqual({ roles: [], until: Date.parse(FIVE) });
});
