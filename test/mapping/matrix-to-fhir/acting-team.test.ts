// For which team of an organisation a person writes, where only one can be meant.
import { expect, test } from 'vitest';
import type { CareTeam } from '../../../src/domain/fhir.ts';
import { actingTeam, teamPartiesOf } from '../../../src/mapping/matrix-to-fhir/acting-team.ts';
import { ref, request } from '../../builders/fhir.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const OTHEEKER = 'Practitioner/A-P-Otheeker';

function team(members: readonly string[], over: Partial<CareTeam> = {}): CareTeam {
  const participant = members.map((reference) => ({ member: { reference } }));
  return { resourceType: 'CareTeam', participant, ...over };
}

test('the teams of OZO’s thread from pharmacy to clinic are the addressed one and the sender’s', () => {
  const thread = request({
    requester: { reference: OTHEEKER, type: 'Practitioner' },
    recipient: [{ reference: 'CareTeam/Clinic-B', type: 'CareTeam' }],
    extension: [
      {
        url: 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-sender-careteam',
        valueReference: { reference: 'CareTeam/Pharmacy-A' },
      },
    ],
  });
  expect(teamPartiesOf(thread)).toEqual(['CareTeam/Clinic-B', 'CareTeam/Pharmacy-A']);
});

test.each<[string, Readonly<Record<string, CareTeam>>, string | undefined]>([
  [
    'the only team that has them',
    { 'CareTeam/Pharmacy-A': team([OTHEEKER]), 'CareTeam/Clinic-B': team(['Practitioner/Manu-van-Weel']) },
    'CareTeam/Pharmacy-A',
  ],
  [
    'none of two',
    { 'CareTeam/Pharmacy-A': team([OTHEEKER]), 'CareTeam/Clinic-B': team([OTHEEKER]) },
    undefined,
  ],
  [
    'no team of a patient',
    { 'CareTeam/Netwerk': team([OTHEEKER], { subject: { reference: 'Patient/1' } }) },
    undefined,
  ],
  [
    'no team that they left',
    {
      'CareTeam/Pharmacy-A': {
        resourceType: 'CareTeam',
        participant: [{ member: { reference: OTHEEKER }, period: { end: '2026-11-20' } }],
      },
    },
    undefined,
  ],
  ['none without teams', {}, undefined],
])('%s', (_, teams, expected) => {
  const map = new Map(Object.entries(teams).map(([reference, each]) => [ref(reference), each]));
  expect(actingTeam(map, ref(OTHEEKER), NOW)).toBe(expected);
});
