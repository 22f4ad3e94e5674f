// Which account is a person's, by whose word, and which were theirs before.
import { describe, expect, test } from 'vitest';
import type { KnownPerson } from '../../../src/store/people.ts';
import type { KnownPeople, Resources } from '../../builders/people.ts';
import { at, bridgeOver, ghost, resolve, resolveOne, resolveWanted } from '../../builders/people.ts';
import { ref } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';

describe('the account of a person', () => {
  const ANNA = { people: ['Patient/1'] };
  const own = ghost('Patient/1');
  const telecom = (...ids: readonly string[]) => ({ 'Patient/1': { telecom: ids.map(at) } });
  const linked = { 'Patient/1': { storedUserId: userId('@linked:anywhere') } };

  test.each<[string, Resources, KnownPeople, object]>([
    [
      'is the published one',
      telecom('@anna:h'),
      linked,
      { userId: '@anna:h', kind: 'user', relayGhost: own },
    ],
    ['else the stored one', telecom(), linked, { userId: '@linked:anywhere', kind: 'user', relayGhost: own }],
    ['else the ghost', telecom(), {}, { userId: own, kind: 'ghost' }],
    ['is not one of a server that is not trusted', telecom('@anna:evil.example'), {}, { userId: own }],
    ['the stored one then counts', telecom('@anna:evil.example'), linked, { userId: '@linked:anywhere' }],
    ['is none of two', telecom('@anna:h', '@bea:h'), {}, { userId: own }],
    [
      'is none of two though one only is trusted',
      telecom('@anna:h', '@anna:evil.example'),
      {},
      { userId: own },
    ],
    ['is not the bridge’s bot', telecom('@_fhir_bot:h'), {}, { userId: own }],
    ['is not a ghost', telecom('@_fhir_x:h'), {}, { userId: own }],
    ['of one who is gone is the ghost', {}, {}, { userId: own, level: 25 }],
  ])('%s', async (_, resources, people, expected) => {
    expect(await resolveOne(resources, ANNA, people)).toMatchObject(expected);
  });

  test('a ghost has no relay ghost', async () => {
    expect(await resolveOne(telecom(), ANNA)).not.toHaveProperty('relayGhost');
  });

  test.each<[string, Resources, Partial<KnownPerson>, object]>([
    ['appears', telecom('@anna:h'), {}, { userId: '@anna:h', formerUserIds: [own] }],
    [
      'changes',
      telecom('@anna:clinic.example'),
      { userId: userId('@anna:h'), kind: 'user', source: 'telecom', formerUserIds: [own] },
      { userId: '@anna:clinic.example', formerUserIds: ['@anna:h', own].sort() },
    ],
    [
      'disappears',
      telecom(),
      { userId: userId('@anna:h'), kind: 'user', source: 'telecom', formerUserIds: [own] },
      { userId: own, formerUserIds: ['@anna:h'] },
    ],
    [
      'stays',
      telecom('@anna:h'),
      {
        ...{ userId: userId('@anna:h'), kind: 'user', source: 'telecom', formerUserIds: [own] },
        claimedUserId: userId('@anna:h'),
      },
      { userId: '@anna:h', formerUserIds: [own] },
    ],
  ])(
    'when the published one %s, the accounts before are to leave',
    async (change, resources, known, expected) => {
      const { members, moved } = await resolve(resources, ANNA, { 'Patient/1': known });
      expect(members).toMatchObject([expected]);
      expect(moved).toHaveLength(change === 'stays' ? 0 : 1);
    },
  );

  test('is remembered with where it is from', async () => {
    const { moved } = await resolve(telecom('@anna:h'), ANNA);
    expect(moved).toEqual([
      {
        reference: 'Patient/1',
        userId: '@anna:h',
        kind: 'user',
        source: 'telecom',
        claimedUserId: '@anna:h',
      },
    ]);
  });
});

test('two resources of one human with one account are one member, with the higher level, and both are remembered', async () => {
  const anna = { telecom: [at('@anna:h')], identifier: [{ system: 'https://example.org/id', value: '1' }] };
  const resources = { 'RelatedPerson/1': anna, 'Practitioner/2': anna };
  const { members, moved } = await resolve(resources, { people: ['RelatedPerson/1', 'Practitioner/2'] });
  expect(members).toMatchObject([{ reference: 'Practitioner/2', userId: '@anna:h', level: 75 }]);
  expect(moved.map(({ reference }) => reference)).toEqual(['RelatedPerson/1', 'Practitioner/2']);
});

test.each([
  ['strictly, an untagged address is none', false, '@jan:clinic.example', ghost('Practitioner/1')],
  ['leniently, it is the person’s', true, '@jan:clinic.example', '@jan:clinic.example'],
  ['leniently, another server is not believed', true, '@jan:evil.example', ghost('Practitioner/1')],
])('read %s', async (_, lenientTelecom, value, expected) => {
  const { bridge } = bridgeOver({ 'Practitioner/1': { telecom: [{ system: 'other', value }] } });
  const { members } = await resolveWanted(
    { ...bridge, settings: { ...bridge.settings, lenientTelecom } },
    { people: [{ reference: ref('Practitioner/1'), roles: [] }], careTeams: [], organizations: [] },
  );
  expect(members.map(({ userId }) => userId)).toEqual([expected]);
});
