// The parties of a conversation under each profile: whose Task it is, and who completes it.
import { describe, expect, test } from 'vitest';
import { partiesFrom, type PartyMember } from '../../../src/mapping/read-state/parties.ts';
import { FHIR_PROFILES } from '../../../src/mapping/fhir-profiles/profiles.ts';
import { ref } from '../../builders/fhir.ts';

const person = (reference: string, ...alsoKnownAs: readonly string[]): PartyMember => ({
  reference: ref(reference),
  alsoKnownAs: alsoKnownAs.map(ref),
});
const CLINIC = {
  reference: ref('CareTeam/b'),
  members: [person('Practitioner/1'), person('Practitioner/2')],
};
const shown = (...args: Parameters<typeof partiesFrom>) =>
  partiesFrom(...args).map(({ owner, readers, team }) => [owner, [...readers].join(' '), team]);

test('each person has a Task of their own, whichever of their references reads', () => {
  const people = [person('Practitioner/1', 'PractitionerRole/1'), person('Patient/3')];
  expect(shown(people, [], FHIR_PROFILES.generic)).toEqual([
    ['Practitioner/1', 'Practitioner/1 PractitionerRole/1', undefined],
    ['Patient/3', 'Patient/3', undefined],
  ]);
});

describe('a team without a patient', () => {
  test('has one Task, which any of its members completes', () => {
    for (const profile of [FHIR_PROFILES.generic, FHIR_PROFILES['ozo-0.9']])
      expect(shown([], [CLINIC], profile)).toEqual([
        ['CareTeam/b', 'Practitioner/1 Practitioner/2', 'CareTeam/b'],
      ]);
  });

  test('before OZO 0.9 had one for each member, which any of them completes', () => {
    expect(shown([], [CLINIC], FHIR_PROFILES['ozo-0.7'])).toEqual([
      ['Practitioner/1', 'Practitioner/1 Practitioner/2', 'CareTeam/b'],
      ['Practitioner/2', 'Practitioner/1 Practitioner/2', 'CareTeam/b'],
    ]);
  });
});

test('who may not own a Task under the profile has none', () => {
  const people = [person('Patient/3'), person('RelatedPerson/4')];
  expect(shown(people, [], FHIR_PROFILES['ozo-0.7']).map(([owner]) => owner)).toEqual(['RelatedPerson/4']);
  expect(shown(people, [], FHIR_PROFILES['ozo-0.9']).map(([owner]) => owner)).toEqual([
    'Patient/3',
    'RelatedPerson/4',
  ]);
});

test('who is named alone and as a member has one Task', () => {
  expect(shown([person('Practitioner/1')], [CLINIC], FHIR_PROFILES['ozo-0.7'])).toEqual([
    ['Practitioner/1', 'Practitioner/1 Practitioner/2', 'CareTeam/b'],
    ['Practitioner/2', 'Practitioner/1 Practitioner/2', 'CareTeam/b'],
  ]);
});
