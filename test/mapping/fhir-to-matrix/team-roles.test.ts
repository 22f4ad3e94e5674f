// What a team lends to those whom a conversation names by themselves: the roles of participations that hold, no longer.
import type { CareTeam } from 'fhir/r4.js';
import { expect, test } from 'vitest';
import { partiesOf } from '../../../src/mapping/fhir-to-matrix/participants.ts';
import { withTeamRoles } from '../../../src/mapping/fhir-to-matrix/team-roles.ts';
import { ref, request } from '../../builders/fhir.ts';

const NOON = Date.parse('2025-09-26T12:00:00Z');
const FIVE = '2025-09-26T17:00:00Z';
const lead = { text: 'lead' };
const nurse = { text: 'nurse' };
const participant = (reference: string, role: object, period?: object) => ({
  ...{ member: { reference }, role: [role] },
  ...(period !== undefined && { period }),
});
const lent = (...participants: readonly object[]) => {
  const careTeam = { resourceType: 'CareTeam', participant: participants } as CareTeam;
  const named = partiesOf(request({ recipient: [{ reference: 'Practitioner/1' }] }));
  const { people, until } = withTeamRoles(named, careTeam, NOON);
  return { roles: people.flatMap(({ roles }) => roles), until };
};

test('without a team nothing is added', () => {
  const named = partiesOf(request({ recipient: [{ reference: 'Practitioner/1' }] }));
  expect(withTeamRoles(named, undefined, NOON)).toEqual({
    people: [{ reference: ref('Practitioner/1'), roles: [] }],
    ...{ careTeams: [], organizations: [] },
  });
});

test('a person gets the roles of all their participations, and no others', () => {
  const found = lent(
    participant('Practitioner/1', lead),
    participant('Practitioner/1', nurse),
    participant('Practitioner/2', { text: 'other' }, { end: FIVE }),
  );
  expect(found).toEqual({ roles: [lead, nurse], until: undefined });
});

test('a participation that has ended gives no role: a person who came back without one has no power from before', () => {
  const found = lent(
    participant('Practitioner/1', lead, { end: '2025-09-25' }),
    participant('Practitioner/1', nurse),
  );
  expect(found).toEqual({ roles: [nurse], until: undefined });
});

test('the result holds until a participation begins or ends', () => {
  const ending = lent(participant('Practitioner/1', lead, { end: FIVE }));
  expect(ending).toEqual({ roles: [lead], until: Date.parse(FIVE) });
  const beginning = lent(participant('Practitioner/1', lead, { start: FIVE }));
  expect(beginning).toEqual({ roles: [], until: Date.parse(FIVE) });
});
