// Who takes part: participants of teams, parties of requests, the first message and its author.
import { describe, expect, test } from 'vitest';
import type { CareTeam } from '../../../src/domain/fhir.ts';
import {
  authorOf,
  careTeamsNamedBy,
  participantsOf,
  partiesOf,
} from '../../../src/mapping/fhir-to-matrix/participants.ts';
import { request } from '../../builders/fhir.ts';

const NOW = Date.UTC(2025, 8, 26);
const to = (reference: string) => ({ reference });

const team = (...participant: readonly object[]): CareTeam =>
  ({ resourceType: 'CareTeam', participant }) as CareTeam;
const NOBODY: CareTeam = { resourceType: 'CareTeam' };
const named = (...references: readonly string[]) => references.map((reference) => ({ reference, roles: [] }));
const none = { people: [], careTeams: [], organizations: [] };
const member = (reference: string, end?: string) => ({
  member: to(reference),
  ...(end !== undefined && { period: { end } }),
});

describe('participants of a CareTeam', () => {
  test.each([
    [
      'people and teams, in order and once',
      team(member('Patient/1'), member('CareTeam/2'), member('Practitioner/3'), member('Patient/1')),
      { ...none, people: named('Patient/1', 'Practitioner/3'), careTeams: ['CareTeam/2'] },
    ],
    [
      'nobody by a reference to another server, or to no resource',
      team(member('https://a.example/fhir/Practitioner/3'), member('//a.example/Practitioner/3')),
      none,
    ],
    [
      'one person by two forms of reference',
      team(member('Practitioner/3'), member('Practitioner/3/_history/2')),
      { ...none, people: named('Practitioner/3') },
    ],
    [
      'whoever has left is left out, whoever leaves later is not',
      team(
        member('Practitioner/1', '2025-09-25'),
        member('Practitioner/2', '2025-09-27'),
        member('Patient/3', 'soon'),
      ),
      { ...none, people: named('Practitioner/2', 'Patient/3'), until: Date.UTC(2025, 8, 28) },
    ],
    [
      'types that cannot speak are left out',
      team(
        member('Location/1'),
        member('#contained'),
        {},
        member('Organization/2'),
        member('RelatedPerson/3'),
      ),
      { ...none, people: named('RelatedPerson/3'), organizations: ['Organization/2'] },
    ],
    ['nobody', NOBODY, none],
  ])('%s', (_, careTeam, expected) => {
    expect(participantsOf(careTeam, NOW)).toEqual(expected);
  });

  test('have all roles that the team gives them', () => {
    const [lead, nurse] = [{ text: 'lead' }, { text: 'nurse' }];
    const careTeam = team(
      { ...member('Practitioner/1'), role: [lead] },
      { ...member('Practitioner/1'), role: [nurse] },
      { ...member('Organization/2'), role: [lead] },
    );
    expect(participantsOf(careTeam, NOW)).toEqual({
      people: [{ reference: 'Practitioner/1', roles: [lead, nurse] }],
      careTeams: [],
      organizations: ['Organization/2'],
    });
  });

  test.each([
    ['begins later', { start: '2025-09-26T00:00:01Z' }, false],
    ['begins now', { start: '2025-09-26T00:00:00Z' }, true],
    ['ends at this very moment', { end: '2025-09-26T00:00:00Z' }, false],
    ['ends with this day', { end: '2025-09-26' }, true],
    ['ended with the day before', { end: '2025-09-25' }, false],
    ['ends with this month', { end: '2025-09' }, true],
    ['ended with a month', { end: '2025-08' }, false],
    ['ends with this year', { end: '2025' }, true],
    ['ended with a year', { end: '2024' }, false],
    ['ends and begins at no known time', { start: 'soon', end: 'later' }, true],
  ])('whose period %s', (_, period, isMember) => {
    const careTeam = team({ member: to('Patient/1'), period });
    expect(participantsOf(careTeam, NOW).people).toHaveLength(isMember ? 1 : 0);
  });
});

test.each([
  ['of none without periods', [undefined], undefined],
  ['of one who leaves', [undefined, { end: '2025-09-26' }], '2025-09-27T00:00:00.000Z'],
  ['of one who is to come', [{ start: '2025-09-26T17:00:00Z' }], '2025-09-26T17:00:00.000Z'],
  [
    'of the first of several',
    [{ end: '2025-10' }, { end: '2025-09-26T09:00:00Z' }, { end: '2025-09-25' }],
    '2025-09-26T09:00:00.000Z',
  ],
])('the participants stay the same until %s', (_, periods, expected) => {
  const { until } = participantsOf(
    team(...periods.map((period, index) => ({ member: to(`Patient/${index}`), period }))),
    NOW,
  );
  expect(until && new Date(until).toISOString()).toBe(expected);
});

describe('parties of a CommunicationRequest', () => {
  test('are its recipients, requester and sender', () => {
    const parties = partiesOf(
      request({
        recipient: [to('CareTeam/1'), to('Patient/2'), to('HealthcareService/3'), to('Organization/6')],
        requester: to('Practitioner/4'),
        sender: to('RelatedPerson/5'),
        about: [to('CareTeam/6')],
      }),
    );
    expect(parties).toEqual({
      people: named('Patient/2', 'Practitioner/4', 'RelatedPerson/5'),
      careTeams: ['CareTeam/1'],
      organizations: ['Organization/6'],
    });
  });

  test('the teams that it may belong to are its recipients and subjects', () => {
    const named = careTeamsNamedBy(
      request({
        recipient: [to('CareTeam/1'), to('Patient/2')],
        about: [to('CareTeam/6'), to('CareTeam/1')],
        requester: to('CareTeam/9'),
      }),
    );
    expect(named).toEqual(['CareTeam/1', 'CareTeam/6']);
  });
});

describe('the first message', () => {
  test.each([
    [
      'the sender says it',
      { sender: to('Practitioner/1'), requester: to('Practitioner/2') },
      'Practitioner/1',
    ],
    ['else the requester', { requester: to('Practitioner/2') }, 'Practitioner/2'],
    ['a device cannot', { sender: to('Device/1'), requester: to('Patient/2') }, 'Patient/2'],
    ['else nobody', {}, undefined],
  ])('%s', (_, over, expected) => {
    expect(authorOf(request(over))).toBe(expected);
  });
});
