// Who is asked into a room, and who has to leave it, by example; `room-convergence` does it at random.
import { describe, expect, test } from 'vitest';
import type { DesiredMember, DesiredRoom } from '../../src/mapping/desired-room.ts';
import { powerLevels } from '../../src/mapping/power-levels.ts';
import type { ActualState, Comparison } from '../../src/mapping/room-changes.ts';
import { memberBase } from '../../src/mapping/room-changes.ts';
import { changes, kinds, made, membership, replaced, state } from '../builders/actual-room.ts';
import { member, room } from '../builders/desired-room.ts';
import { ref } from '../builders/fhir.ts';
import { BOT, userId } from '../builders/matrix.ts';

const A = '@a:example.org';
const B = '@b:example.org';
const GHOST = '@_fhir_1:example.org';
const LEAD = '@lead:example.org';

test('a room that is as it should be is left alone', () => {
  const desired = room({ members: [member(A), member(GHOST, { kind: 'ghost' })] });
  expect(changes(desired, made(desired, membership(A, 'join'), membership(GHOST, 'join')))).toEqual([]);
});

test('the room is finished before people are asked in, and people are in before others go', () => {
  const desired = room({
    title: { name: 'New', topic: '' },
    members: [member(GHOST, { kind: 'ghost', userMapping: { fhirRef: 'Practitioner/7' } }), member(A)],
  });
  const before = made(room(), membership(B, 'join'));
  const { users, ...levels } = powerLevels(desired, { roomVersion: '12', bot: BOT, people: desired.members });
  expect(changes(desired, before, { base: [B] })).toEqual([
    {
      kind: 'put-state',
      as: BOT,
      event: {
        type: 'm.room.power_levels',
        state_key: '',
        content: { ...levels, users: { [GHOST]: 75, [A]: 75 } },
      },
    },
    {
      kind: 'put-state',
      as: BOT,
      event: { type: 'm.room.name', state_key: '', content: { name: 'New' } },
    },
    { kind: 'invite', userId: GHOST },
    { kind: 'join', userId: GHOST },
    {
      kind: 'put-state',
      as: GHOST,
      event: { type: 'custom.user_mappings', state_key: GHOST, content: { fhirRef: 'Practitioner/7' } },
    },
    { kind: 'invite', userId: A },
    { kind: 'kick', userId: B },
  ]);
  expect(users).toEqual({ [GHOST]: 75, [A]: 75 });
});

describe('someone whom FHIR names', () => {
  // Their membership, by whom they came or went, whether FHIR and Matrix had agreed on them, the policy → the changes.
  test.each<[string, string | undefined, string, 'agreed' | 'new', Comparison['policy'], readonly string[]]>([
    ['is asked in', undefined, '', 'new', 'follow', ['invite']],
    ['is not asked twice', 'invite', BOT, 'agreed', 'follow', []],
    ['who joined is left alone', 'join', A, 'agreed', 'follow', []],
    ['who was banned is not asked', 'ban', LEAD, 'new', 'ignore', []],
    ['who left, or declined, is not asked again', 'leave', A, 'agreed', 'follow', []],
    ['who left is not asked again', 'leave', A, 'agreed', 'suggest', []],
    ['who left is not asked again, even where FHIR leads', 'leave', A, 'agreed', 'ignore', []],
    ['who left, and was removed from FHIR and added again, is', 'leave', A, 'new', 'follow', ['invite']],
    ['whom a lead removed stays away', 'leave', LEAD, 'agreed', 'follow', []],
    ['whom a lead removed stays away', 'leave', LEAD, 'agreed', 'suggest', []],
    ['whom a lead removed is asked again where FHIR leads', 'leave', LEAD, 'agreed', 'ignore', ['invite']],
    ['whom a lead removed, and FHIR added again, is', 'leave', LEAD, 'new', 'follow', ['invite']],
    ['whom the bridge removed is asked again', 'leave', BOT, 'agreed', 'follow', ['invite']],
    ['who left and knocks is let in', 'knock', A, 'agreed', 'follow', ['invite']],
  ])('%s: %s by %s, %s, %s', (_, is, by, agreed, policy, expected) => {
    const desired = room({ members: [member(A)] });
    const actual = made(desired, ...(is === undefined ? [] : [membership(A, is, by)]));
    const base = agreed === 'agreed' ? [A] : [];
    expect(changes(desired, actual, { base, policy }).map(({ kind }) => kind)).toEqual(expected);
  });

  test.each<[string, string | undefined, string, 'agreed' | 'new', Comparison['policy'], readonly string[]]>([
    ['comes in', undefined, '', 'new', 'follow', ['invite', 'join']],
    ['that is invited joins', 'invite', LEAD, 'new', 'follow', ['join']],
    ['that is in is left alone', 'join', GHOST, 'agreed', 'follow', []],
    ['that was banned stays out', 'ban', LEAD, 'agreed', 'ignore', []],
    ['that left comes back', 'leave', GHOST, 'agreed', 'follow', ['invite', 'join']],
    ['that the bridge removed comes back', 'leave', BOT, 'agreed', 'follow', ['invite', 'join']],
    ['that a lead removed stays away', 'leave', LEAD, 'agreed', 'follow', []],
    ['that a lead removed stays away', 'leave', LEAD, 'agreed', 'suggest', []],
    [
      'that a lead removed comes back where FHIR leads',
      'leave',
      LEAD,
      'agreed',
      'ignore',
      ['invite', 'join'],
    ],
    ['that a lead removed, and FHIR added again', 'leave', LEAD, 'new', 'follow', ['invite', 'join']],
  ])('by a ghost, which %s: %s by %s, %s, %s', (_, is, by, agreed, policy, expected) => {
    const desired = room({ members: [member(GHOST, { kind: 'ghost' })] });
    const actual = made(desired, ...(is === undefined ? [] : [membership(GHOST, is, by)]));
    const base = agreed === 'agreed' ? [GHOST] : [];
    expect(changes(desired, actual, { base, policy }).map(({ kind }) => kind)).toEqual(expected);
  });

  test('twice, with one account, is asked once', () => {
    const desired = room({
      members: [member(A), member(A, { reference: ref('RelatedPerson/3'), level: 50 })],
    });
    expect(kinds(desired, made(desired))).toEqual([`invite ${A}`]);
  });
});

describe('someone whom FHIR does not name', () => {
  test.each<[string, string, 'agreed' | 'new', Comparison['policy'], readonly string[]]>([
    ['anymore goes', A, 'agreed', 'follow', [`kick ${A}`]],
    ['anymore goes', A, 'agreed', 'suggest', [`kick ${A}`]],
    ['anymore goes', A, 'agreed', 'ignore', [`kick ${A}`]],
    ['who came by Matrix may become a member', A, 'new', 'follow', []],
    ['who came by Matrix may become a member', A, 'new', 'suggest', []],
    ['who came by Matrix goes where FHIR leads', A, 'new', 'ignore', [`kick ${A}`]],
    ['anymore, by a ghost: it leaves', GHOST, 'agreed', 'follow', [`leave ${GHOST}`]],
    ['whose ghost spoke as a guest: it stays', GHOST, 'new', 'ignore', []],
  ])('%s: %s, %s, %s', (_, id, agreed, policy, expected) => {
    const base = agreed === 'agreed' ? [id] : [];
    for (const is of ['join', 'invite']) {
      expect(kinds(room(), made(room(), membership(id, is)), { base, policy })).toEqual(expected);
    }
    for (const is of ['leave', 'ban', 'knock']) {
      expect(kinds(room(), made(room(), membership(id, is)), { base, policy })).toEqual([]);
    }
  });

  test('is out of a closed room, whoever it is, except for the bot', () => {
    const closed = room({ phase: 'closed', members: [member(A, { voice: userId(GHOST) })] });
    const actual = made(closed, membership(A, 'join'), membership(B, 'invite'), membership(GHOST, 'join'));
    expect(kinds(closed, actual)).toEqual([`kick ${A}`, `kick ${B}`, `leave ${GHOST}`]);
  });

  test('as powerful as the bot, or more, is left in', () => {
    const actual = [
      state('m.room.create', { room_version: '11' }, '', A),
      ...made(room({ roomVersion: '11' }), membership(A, 'join'), membership(B, 'join')).slice(1),
    ];
    const levels = { users: { [BOT]: 100, [A]: 100, [B]: 99 }, users_default: 25 };
    const after = kinds(room(), replaced(actual, state('m.room.power_levels', levels)), { base: [A, B] });
    expect(after).toEqual(['put-state', `kick ${B}`]);
  });
});

describe('a person who has another account than before', () => {
  const present = (over: Partial<DesiredMember> = {}): DesiredRoom =>
    room({ members: [member(B, { formerUserIds: [userId(A)], ...over })] });
  const levels = (desired: DesiredRoom, ...args: readonly ActualState[]): unknown =>
    changes(desired, made(desired, ...args)).find(
      (change) => change.kind === 'put-state' && change.event.type === 'm.room.power_levels',
    );

  test('is asked in with the new one, and keeps the old one with its level meanwhile', () => {
    const before = made(room({ members: [member(A)] }), membership(A, 'join'));
    expect(changes(present(), before, { base: [A] })).toMatchObject([
      { event: { type: 'm.room.power_levels', content: { users: { [A]: 75, [B]: 75 } } } },
      { kind: 'invite', userId: B },
    ]);
  });

  test('has but one level when the new one has joined, and the old one goes', () => {
    const before = made(
      room({ members: [member(A), member(B)] }),
      membership(A, 'join'),
      membership(B, 'join'),
    );
    expect(changes(present(), before, { base: [A, B] })).toMatchObject([
      { event: { type: 'm.room.power_levels', content: { users: { [B]: 75 } } } },
      { kind: 'kick', userId: A },
    ]);
  });

  test('and declines to come with it, stays with the old one', () => {
    const before = made(
      room({ members: [member(A), member(B)] }),
      membership(A, 'join'),
      membership(B, 'leave'),
    );
    expect(changes(present(), before, { base: [A, B] })).toEqual([]);
  });

  test('and has none anymore: their ghost comes in, the old one goes, with its level', () => {
    const desired = room({
      members: [member(GHOST, { kind: 'ghost', formerUserIds: [userId(A)] })],
    });
    const before = made(room({ members: [member(A)] }), membership(A, 'join'));
    expect(changes(desired, before, { base: [A] })).toMatchObject([
      { event: { type: 'm.room.power_levels', content: { users: { [GHOST]: 75 } } } },
      { kind: 'invite', userId: GHOST },
      { kind: 'join', userId: GHOST },
      { kind: 'kick', userId: A },
    ]);
  });

  test('and had a ghost: it leaves when they have joined, though it may speak for them later', () => {
    const over = { formerUserIds: [userId(GHOST)], voice: userId(GHOST) };
    const desired = room({ members: [member(B, over)] });
    expect(kinds(desired, made(desired, membership(GHOST, 'join'), membership(B, 'join')))).toEqual([
      `leave ${GHOST}`,
    ]);
    expect(levels(desired, membership(GHOST, 'join'), membership(B, 'invite', BOT))).toMatchObject({
      event: { content: { users: { [GHOST]: 75, [B]: 75 } } },
    });
  });

  test('which someone else has now: that one stays, with their own level alone', () => {
    const desired = room({
      members: [member(A, { level: 50 }), member(B, { formerUserIds: [userId(A)], level: 100 })],
    });
    const actual = made(desired, membership(A, 'join'), membership(B, 'join'));
    expect(changes(desired, actual, { base: [A, B] })).toEqual([]);
    expect(changes(desired, made(desired, membership(A, 'join')), { base: [A] })).toEqual([
      { kind: 'invite', userId: B },
    ]);
  });

  test('which was that of another, too: it goes when both have joined', () => {
    const C = '@c:example.org';
    const members = [
      member(B, { formerUserIds: [userId(A)], level: 75 }),
      member(C, { formerUserIds: [userId(A)], level: 50 }),
    ];
    const desired = room({ members });
    const inside = [membership(A, 'join'), membership(B, 'join')];
    expect(changes(desired, made(desired, ...inside, membership(C, 'invite', BOT)))).toMatchObject([
      { event: { type: 'm.room.power_levels', content: { users: { [A]: 50, [B]: 75, [C]: 50 } } } },
    ]);
    expect(kinds(desired, made(desired, ...inside, membership(C, 'join')))).toEqual([`kick ${A}`]);
  });
});

test('a ghost that speaks for a person with an account may be in the room, with no level of its own', () => {
  const desired = room({ members: [member(A, { voice: userId(GHOST) })] });
  const actual = made(desired, membership(A, 'join'), membership(GHOST, 'join'));
  expect(changes(desired, actual, { base: [A, GHOST] })).toEqual([]);
  expect(kinds(room(), actual, { base: [A, GHOST] })).toEqual(['put-state', `kick ${A}`, `leave ${GHOST}`]);
});

describe('the base of the next comparison', () => {
  const A_B = member(B, { formerUserIds: [userId(A)], voice: userId(GHOST) });
  const base = (before: readonly string[], ...actual: readonly ActualState[]): readonly string[] => [
    ...memberBase(room({ members: [A_B] }), actual, { base: new Set(before) }).keys(),
  ];

  test('has everyone whom FHIR names, with who speaks for them, wherever they are', () => {
    expect(base([])).toEqual([B, GHOST]);
    expect(base([], membership(B, 'leave'))).toEqual([B, GHOST]);
    expect(memberBase(room({ members: [A_B] }), [], { base: new Set() }).get(userId(GHOST))).toBe(A_B);
  });

  test('has a former account as long as it is in the room and was a member', () => {
    expect(base([A], membership(A, 'join'))).toEqual([B, GHOST, A]);
    expect(base([A], membership(A, 'leave'))).toEqual([B, GHOST]);
    expect(base([], membership(A, 'join'))).toEqual([B, GHOST]);
  });

  test('forgets whom FHIR dropped, and everybody when the room is closed', () => {
    expect(memberBase(room(), [membership(A, 'join')], { base: new Set([A]) }).size).toBe(0);
    const closed = room({ phase: 'closed', members: [A_B] });
    expect(memberBase(closed, [membership(A, 'join')], { base: new Set([A, B]) }).size).toBe(0);
  });
});
