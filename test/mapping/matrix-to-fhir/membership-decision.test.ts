// What becomes of joining and leaving by Matrix, by what is known; and what has to be known first.
import { describe, expect, test } from 'vitest';
import type { CareTeam } from '../../../src/domain/fhir.ts';
import { FHIR_PROFILES } from '../../../src/mapping/fhir-profiles/profiles.ts';
import type { MembershipFacts } from '../../../src/mapping/matrix-to-fhir/membership-decision.ts';
import { decideMembership } from '../../../src/mapping/matrix-to-fhir/membership-decision.ts';
import { ref, request } from '../../builders/fhir.ts';
import { ozoFaults } from '../../builders/ozo-rules.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const JAN = { reference: ref('Practitioner/7'), all: new Set([ref('Practitioner/7')]) };

/** A team that names these. */
function team(...references: readonly string[]): CareTeam {
  const participant = references.map((reference) => ({ member: { reference } }));
  return { resourceType: 'CareTeam', status: 'active', participant };
}

const known = (over: Partial<MembershipFacts>): MembershipFacts => ({
  ...{ policy: 'follow', membership: 'join', moment: { at: NOW, now: NOW }, person: JAN, roster: team() },
  profile: FHIR_PROFILES.generic,
  ...{ isAgreedOn: false, isPresent: over.membership === undefined || over.membership === 'join' },
  ...over,
});
const leaves = (over: Partial<MembershipFacts>): MembershipFacts => known({ membership: 'leave', ...over });

describe('nothing is carried', () => {
  test.each<[string, MembershipFacts, string]>([
    ['of an invitation', known({ membership: 'invite' }), 'not-joined-yet'],
    ['of a knock', known({ membership: 'knock' }), 'not-joined-yet'],
    ['of a user whom FHIR does not know', known({ person: 'unmapped-member' }), 'unmapped-member'],
    ['of an account that a person gave up', leaves({ person: 'moved' }), 'moved'],
    ['where the resource is gone', known({ roster: 'gone' }), 'gone'],
    [
      'where the resource was never meant',
      known({ roster: { ...team(), status: 'entered-in-error' } }),
      'status',
    ],
    ['of one who leaves and was no member', leaves({}), 'not-a-member'],
    [
      'of one who leaves and is in by a team within the team',
      leaves({ roster: team('CareTeam/9'), isAgreedOn: true, isInGroup: true }),
      'not-expressible',
    ],
    ['of a stranger to that team', leaves({ roster: team('CareTeam/9') }), 'not-a-member'],
    [
      'of a requester who leaves',
      leaves({
        roster: {
          ...{ resourceType: 'CommunicationRequest', status: 'active' },
          requester: { reference: 'Practitioner/7' },
        },
      }),
      'not-expressible',
    ],
    ['of one who joined and left since', known({ isPresent: false }), 'superseded'],
    [
      'of one who left and is back',
      leaves({ roster: team('Practitioner/7'), isPresent: true }),
      'superseded',
    ],
  ])('%s', (_, facts, reason) => {
    expect(decideMembership(facts)).toEqual({ kind: 'ignore', reason });
  });
});

describe.each(['ozo-0.7', 'ozo-0.9'] as const)('under %s nothing is carried', (version) => {
  const profile = FHIR_PROFILES[version];
  const patient = { reference: ref('Patient/1'), all: new Set([ref('Patient/1')]) };
  const network = { ...team(), subject: { reference: 'Patient/1' } };

  test.each<[string, MembershipFacts]>([
    ['of a patient who joins a conversation', known({ profile, person: patient, roster: request() })],
    [
      'of the last recipient who leaves',
      leaves({ profile, roster: request({ recipient: [{ reference: 'Practitioner/7' }] }) }),
    ],
    ['of a patient who joins a team of an organisation', known({ profile, person: patient })],
  ])('%s: the profile has no words for it', (_, facts) => {
    expect(decideMembership(facts)).toEqual({ kind: 'ignore', reason: 'not-expressible' });
    expect(decideMembership({ ...facts, profile: FHIR_PROFILES.generic })).toMatchObject({ kind: 'write' });
  });

  test('but a patient may join their own network', () => {
    const facts = known({ profile, person: patient, roster: network });
    const decision = decideMembership(facts);
    if (!('after' in decision)) throw new TypeError('Expected a resource to be written');
    const after = { ...decision.after, subject: { reference: 'Patient/1', type: 'Patient' } };
    expect(ozoFaults(after, version)).toEqual([]);
  });
});

describe('convergence has the word', () => {
  test.each<[string, MembershipFacts]>([
    ['under the policy ignore', known({ policy: 'ignore' })],
    ['over a person who follows the bridge’s invitation', known({ isAgreedOn: true })],
    ['over another account of a member', known({ roster: team('Practitioner/7') })],
  ])('%s', (_, facts) => {
    expect(decideMembership(facts)).toEqual({ kind: 'converge' });
  });
});

describe('who left and is named no more is forgotten', () => {
  test.each<[string, MembershipFacts]>([
    ['where the resource names people alone', leaves({ isAgreedOn: true })],
    [
      'where no team within the team brings them in',
      leaves({ roster: team('CareTeam/9'), isAgreedOn: true, isInGroup: false }),
    ],
  ])('%s', (_, facts) => {
    expect(decideMembership(facts)).toEqual({ kind: 'forget' });
    expect(decideMembership({ ...facts, isPresent: true })).toEqual({ kind: 'ignore', reason: 'superseded' });
  });

  test('after asking whether a team within the team brings them in', () => {
    const facts = leaves({ roster: team('CareTeam/9'), isAgreedOn: true });
    expect(decideMembership(facts)).toEqual({ kind: 'ask', fact: 'isInGroup' });
  });
});

test('who joined by the rule of the room is left to convergence: no one let them in', () => {
  expect(decideMembership(known({ isByJoinRule: true }))).toEqual({ kind: 'converge' });
});

test.each<[string, MembershipFacts, string, string]>([
  ['who comes is added', known({}), 'write', 'add'],
  ['who goes is removed', leaves({ roster: team('Practitioner/7') }), 'write', 'remove'],
  [
    'who is banned is removed',
    known({ membership: 'ban', roster: team('Practitioner/7') }),
    'write',
    'remove',
  ],
  ['who comes is proposed under the policy suggest', known({ policy: 'suggest' }), 'suggest', 'add'],
])('a person %s', (_, facts, kind, action) => {
  const decision = decideMembership(facts);
  expect(decision).toMatchObject({ kind, action, person: JAN, before: facts.roster });
  if (!('after' in decision)) throw new TypeError('Expected a resource to be written');
  expect(decision.after).not.toEqual(facts.roster);
});

test('each fact is asked for only when those before it do not decide', () => {
  const order = ['person', 'roster', 'isAgreedOn', 'isPresent'] as const;
  for (const [index, fact] of order.entries()) {
    const unknown = Object.fromEntries(order.slice(index).map((name) => [name, undefined]));
    expect(decideMembership({ ...known({}), ...unknown })).toEqual({ kind: 'ask', fact });
  }
});
