// Who is a stranger in a room, and what becomes of them.
import { describe, expect, test } from 'vitest';
import { decideStrangers, unnamedMembers, type StrangerPolicy } from '../../src/mapping/strangers.ts';
import { membership } from '../builders/actual-room.ts';
import { member } from '../builders/desired-room.ts';
import { BOT, userId } from '../builders/matrix.ts';

const HOUR = 3_600_000;
const NOW = 10 * HOUR;
const OWN = userId('@x:example.org');
const FAR = userId('@x:far.example');

test('FHIR names a member by any of their accounts; who has left, or is exempt, is no stranger', () => {
  const desired = {
    members: [member('@doctor:example.org', { formerUserIds: [userId('@old:example.org')] })],
  };
  const actual = [
    membership('@doctor:example.org', 'join'),
    membership('@old:example.org', 'join'),
    membership('@invited:example.org', 'invite'),
    membership('@knocking:example.org', 'knock'),
    membership('@joined:example.org', 'join'),
    membership('@gone:example.org', 'leave'),
    membership('@banned:example.org', 'ban'),
    membership(BOT, 'join'),
  ];
  expect(unnamedMembers(desired, actual, (who) => who === BOT)).toEqual([
    '@invited:example.org',
    '@knocking:example.org',
    '@joined:example.org',
  ]);
});

describe('a stranger', () => {
  const decide = (policies: readonly [StrangerPolicy, StrangerPolicy], since: number | undefined) => {
    const [fromTrustedServers, fromOtherServers] = policies;
    const seen = new Map([OWN, FAR].map((who) => [who, since] as const));
    const rules = { fromTrustedServers, fromOtherServers, graceMs: HOUR };
    const { leaving, newcomers, told, until } = decideStrangers(
      ...[seen, rules, (server: string) => server === 'example.org', NOW],
    );
    return { leaving: [...leaving], newcomers, told, until };
  };
  const nothing = { leaving: [], newcomers: [], told: [], until: undefined };

  test.each([
    ['has a grace from when they are first seen', undefined, { newcomers: [FAR], until: NOW + HOUR }],
    ['stays within it', NOW - HOUR + 1, { until: NOW + 1 }],
    ['leaves at its end', NOW - HOUR, { leaving: [FAR] }],
  ] as const)('who is to be removed %s', (_, since, expected) => {
    expect(decide(['allow', 'remove'], since)).toEqual({ ...nothing, ...expected });
  });

  test.each([undefined, 0])('who may stay has none (seen %s)', (since) => {
    expect(decide(['notice', 'allow'], since)).toEqual({ ...nothing, told: [OWN] });
    expect(decide(['allow', 'notice'], since)).toEqual({ ...nothing, told: [FAR] });
    expect(decide(['allow', 'allow'], since)).toEqual(nothing);
  });
});
