// Teams, organisations, roles and people → members: whom they stand for, and what has to be read for it.
import { describe, expect, test } from 'vitest';
import { ref } from '../../builders/fhir.ts';
import {
  at,
  bridgeOver,
  coded,
  ghost,
  resolve,
  resolveOne,
  resolveWanted,
  to,
} from '../../builders/people.ts';

describe('teams in teams', () => {
  const team = (...members: readonly string[]) => ({
    participant: members.map((member) => ({ member: to(member) })),
  });

  test('are looked into, once each, though they stand in a circle', async () => {
    const resources = {
      'CareTeam/1': team('Patient/1', 'CareTeam/2'),
      'CareTeam/2': team('Practitioner/2', 'CareTeam/1', 'CareTeam/3'),
      'CareTeam/3': team('Practitioner/3', 'Practitioner/2', 'CareTeam/2'),
    };
    const { references, requests, dependencies } = await resolve(resources, { careTeams: ['CareTeam/1'] });
    expect(references).toEqual(['Patient/1', 'Practitioner/2', 'Practitioner/3']);
    expect(requests).toEqual(['CareTeam 1', 'CareTeam 2', 'CareTeam 3', 'Patient 1', 'Practitioner 2,3']);
    expect(dependencies).toEqual([
      'CareTeam/1',
      'CareTeam/2',
      'CareTeam/3',
      'Patient/1',
      'Practitioner/2',
      'Practitioner/3',
    ]);
  });

  test('are looked into five deep', async () => {
    const resources = Object.fromEntries(
      [1, 2, 3, 4, 5, 6].map((n) => [`CareTeam/${n}`, team(`Patient/${n}`, `CareTeam/${n + 1}`)]),
    );
    const { references } = await resolve(resources, { careTeams: ['CareTeam/1'] });
    expect(references).toEqual([1, 2, 3, 4, 5].map((n) => `Patient/${n}`));
  });

  test.each([
    ['proposed', 0],
    ['entered-in-error', 0],
    ['inactive', 0],
    ['active', 1],
    ['suspended', 1],
  ])('that are %s bring %d', async (status, count) => {
    const resources = { 'CareTeam/1': { ...team('Patient/1'), status } };
    const { members, dependencies } = await resolve(resources, { careTeams: ['CareTeam/1'] });
    expect(members).toHaveLength(count);
    expect(dependencies).toContain('CareTeam/1');
  });
});

describe('an organisation', () => {
  const role = (practitioner: string, over: object = {}) => ({
    organization: to('Organization/1'),
    practitioner: to(practitioner),
    ...over,
  });

  test('stands for the holders of its present roles, each once', async () => {
    const resources = {
      'Organization/1': { name: 'Clinic' },
      'PractitionerRole/a': role('Practitioner/1', { active: true }),
      'PractitionerRole/b': role('Practitioner/2'),
      'PractitionerRole/c': role('Practitioner/1', { code: [coded('lead')] }),
      'PractitionerRole/d': role('Practitioner/4', { active: false }),
      'PractitionerRole/e': role('Practitioner/5', { period: { end: '2025-09-25' } }),
      'PractitionerRole/f': { ...role('Practitioner/6'), practitioner: undefined },
      'PractitionerRole/g': role('Practitioner/7', { organization: to('Organization/2') }),
    };
    const { members, requests, dependencies } = await resolve(resources, {
      organizations: ['Organization/1'],
    });
    expect(members.map(({ reference, level }) => [reference, level])).toEqual([
      // The code of a lead counts in no PractitionerRole.
      ['Practitioner/1', 75],
      ['Practitioner/2', 75],
    ]);
    expect(requests).toEqual([
      'PractitionerRole?organization=Organization/1',
      'Practitioner 1,2',
      'Organization 1',
    ]);
    expect(dependencies).toEqual([
      'Organization/1',
      'Practitioner/1',
      'Practitioner/2',
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((id) => `PractitionerRole/${id}`),
      'PractitionerRole?organization=Organization/1',
    ]);
  });

  test('without any role is a member itself', async () => {
    const resources = { 'Organization/1': { name: 'Clinic' } };
    const { members, ghosts, dependencies } = await resolve(resources, { organizations: ['Organization/1'] });
    expect(members).toMatchObject([{ reference: 'Organization/1', level: 70, kind: 'ghost' }]);
    expect(ghosts).toMatchObject([{ displayName: 'Clinic' }]);
    expect(dependencies).toEqual(['Organization/1', 'PractitionerRole?organization=Organization/1']);
  });

  test('several are asked for at once', async () => {
    const { requests } = await resolve({}, { organizations: ['Organization/1', 'Organization/2'] });
    expect(requests[0]).toBe('PractitionerRole?organization=Organization/1,Organization/2');
  });
});

describe('roles of one practitioner', () => {
  const roles = {
    'Practitioner/7': { name: [{ text: 'Dr. No' }] },
    'PractitionerRole/a': { practitioner: to('Practitioner/7'), organization: to('Organization/1') },
    'PractitionerRole/b': {
      ...{ practitioner: to('Practitioner/7'), organization: to('Organization/2') },
      code: [coded('lead')],
    },
  };
  const NAMED = { people: ['PractitionerRole/a', 'PractitionerRole/b', 'Practitioner/7'] };

  test('are one member, the practitioner', async () => {
    const { members, ghosts } = await resolve(roles, NAMED);
    expect(members).toEqual([
      {
        ...{ reference: 'Practitioner/7', userId: ghost('Practitioner/7'), kind: 'ghost', level: 75 },
        ...{ formerUserIds: [], userMapping: undefined },
      },
    ]);
    expect(ghosts).toMatchObject([{ userId: ghost('Practitioner/7'), displayName: 'Dr. No' }]);
  });

  test('a role that is over lends no level', async () => {
    const over = { ...roles, 'PractitionerRole/b': { ...roles['PractitionerRole/b'], active: false } };
    expect(await resolveOne(over, NAMED)).toMatchObject({ level: 75 });
  });

  test('an address of a role comes before the practitioner’s', async () => {
    const withBoth = {
      ...roles,
      'Practitioner/7': { telecom: [at('@no:h')] },
      'PractitionerRole/a': { ...roles['PractitionerRole/a'], telecom: [at('@no:clinic.example')] },
    };
    expect(await resolveOne(withBoth, NAMED)).toMatchObject({ userId: '@no:clinic.example' });
  });

  test('an address of a role that is over is not the practitioner’s any more', async () => {
    const over = (role: object) => ({
      ...roles,
      'Practitioner/7': { telecom: [at('@no:h')] },
      'PractitionerRole/a': { ...roles['PractitionerRole/a'], telecom: [at('@no:clinic.example')], ...role },
    });
    expect(await resolveOne(over({ active: false }), NAMED)).toMatchObject({ userId: '@no:h' });
    expect(await resolveOne(over({ period: { end: '2025-09' } }), NAMED)).toMatchObject({
      userId: '@no:clinic.example',
    });
    expect(await resolveOne(over({ period: { end: '2025-08' } }), NAMED)).toMatchObject({ userId: '@no:h' });
  });

  test('a role without practitioner that is over gives no address', async () => {
    const role = { telecom: [at('@no:clinic.example')], active: false };
    expect(
      await resolveOne({ 'PractitionerRole/a': role }, { people: ['PractitionerRole/a'] }),
    ).toMatchObject({
      kind: 'ghost',
    });
  });

  test('where the roles’ addresses differ, the practitioner’s own decides', async () => {
    const ambiguous = {
      ...roles,
      'Practitioner/7': { telecom: [at('@no:h')] },
      'PractitionerRole/a': { ...roles['PractitionerRole/a'], telecom: [at('@no:clinic.example')] },
      'PractitionerRole/b': { ...roles['PractitionerRole/b'], telecom: [at('@other:clinic.example')] },
    };
    expect(await resolveOne(ambiguous, NAMED)).toMatchObject({ userId: '@no:h' });
  });

  test('whose practitioner cannot be read go by the name that the role gives', async () => {
    const role = { practitioner: { ...to('Practitioner/7'), display: 'Dr. Yes' } };
    const { ghosts } = await resolve({ 'PractitionerRole/a': role }, { people: ['PractitionerRole/a'] });
    expect(ghosts).toMatchObject([{ reference: 'Practitioner/7', displayName: 'Dr. Yes' }]);
  });

  test('a role without practitioner stands for itself', async () => {
    const resources = {
      'PractitionerRole/a': { organization: to('Organization/1') },
      'Organization/1': { name: 'Clinic' },
    };
    const { ghosts } = await resolve(resources, { people: ['PractitionerRole/a'] });
    expect(ghosts).toMatchObject([{ reference: 'PractitionerRole/a', displayName: 'Clinic' }]);
  });
});

describe('the moment until which it is these members', () => {
  const later = (hour: number) => `2025-09-26T${hour}:00:00Z`;
  const participant = (member: string, period?: object) => ({ member: to(member), period });
  const role = (period: object, over: object = {}) => ({
    ...{ organization: to('Organization/1'), practitioner: to('Practitioner/1'), period },
    ...over,
  });

  test.each<[string, Parameters<typeof resolve>[0], Parameters<typeof resolve>[1], number | undefined]>([
    [
      'none',
      { 'CareTeam/1': { participant: [participant('Patient/1')] } },
      { careTeams: ['CareTeam/1'] },
      undefined,
    ],
    [
      'a participation’s, in a team within the team',
      {
        'CareTeam/1': {
          participant: [participant('CareTeam/2'), participant('Patient/1', { end: later(15) })],
        },
        'CareTeam/2': { participant: [participant('Practitioner/1', { start: later(14) })] },
      },
      { careTeams: ['CareTeam/1'] },
      14,
    ],
    [
      'not that of a participation in a team that is over',
      { 'CareTeam/1': { status: 'inactive', participant: [participant('Patient/1', { end: later(15) })] } },
      { careTeams: ['CareTeam/1'] },
      undefined,
    ],
    [
      'a role’s in an organisation that is held now',
      { 'PractitionerRole/a': role({ end: later(15) }), 'PractitionerRole/b': role({ end: '2025' }) },
      { organizations: ['Organization/1'] },
      15,
    ],
    [
      'a role’s in an organisation that is yet to begin',
      { 'PractitionerRole/a': role({ start: later(13) }), 'PractitionerRole/b': role({ end: later(15) }) },
      { organizations: ['Organization/1'] },
      13,
    ],
    [
      'not that of a role that is none',
      {
        'PractitionerRole/a': role({ end: later(15) }, { active: false }),
        'PractitionerRole/b': role({ end: later(15) }, { practitioner: undefined }),
      },
      { organizations: ['Organization/1'] },
      undefined,
    ],
    [
      'a role’s by which somebody is named, for the level it lends',
      { 'PractitionerRole/a': role({ end: later(16) }) },
      { people: ['PractitionerRole/a'] },
      16,
    ],
    [
      'that of a contact of a person or of their role',
      {
        'PractitionerRole/a': role({}, { telecom: [{ ...at('@no:h'), period: { start: later(15) } }] }),
        'Practitioner/1': { telecom: [{ ...at('@no:h'), period: { end: later(14) } }] },
      },
      { people: ['PractitionerRole/a'] },
      14,
    ],
  ])('is %s', async (_, resources, wanted, hour) => {
    const { until } = await resolve(resources, wanted);
    expect(until).toBe(hour && Date.parse(later(hour)));
  });

  test('is not later than that of whoever wanted them', async () => {
    const { bridge } = bridgeOver({ 'PractitionerRole/a': role({ end: later(16) }) });
    const wanted = {
      people: [{ reference: ref('PractitionerRole/a'), roles: [] }],
      careTeams: [],
      organizations: [],
    };
    const until = Date.parse(later(14));
    const resolved = await resolveWanted(bridge, { ...wanted, until });
    expect(resolved.until).toBe(until);
  });
});

test('only the ghosts among the members are to look like something', async () => {
  const resources = {
    'Patient/1': { telecom: [at('@anna:h')] },
    'Patient/2': { name: [{ text: 'Bea Smit' }] },
  };
  const { ghosts } = await resolve(resources, { people: ['Patient/1', 'Patient/2'] });
  expect(ghosts).toEqual([
    {
      ...{ userId: ghost('Patient/2'), reference: 'Patient/2', displayName: 'B.S. (client)' },
      ...{ avatar: undefined, isGuess: false },
    },
  ]);
});

test('a care team of eight costs three requests', async () => {
  const people = [
    'Patient/1',
    'RelatedPerson/2',
    'RelatedPerson/3',
    ...[4, 5, 6, 7, 8].map((n) => `Practitioner/${n}`),
  ];
  const { requests } = await resolve({}, { people });
  expect(requests).toEqual(['Patient 1', 'RelatedPerson 2,3', 'Practitioner 4,5,6,7,8']);
});
