// Who is asked into a room, and who has to leave it, by example; `room-convergence` does it at random.
import { describe, expect, test } from 'vitest';
import type { DesiredMember, DesiredRoom } from '../../src/mapping/desired-room.ts';
import { powerLevels } from '../../src/mapping/power-levels.ts';
import type { ActualState, Comparison } from '../../src/mapping/room-changes.ts';
import { memberBase } from '../../src/mapping/room-changes.ts';
import { changes, kinds, made, madeAs, membership, replaced, state } from '../builders/actual-room.ts';
import { member, room } from '../builders/desired-room.ts';
import { ref } from '../builders/fhir.ts';
import { BOT, userId } from '../builders/matrix.ts';

const A = '@a:example.org';
const B = '@b:example.org';
const GHOST = '@_fhir_1:example.org';
const LEAD = '@lead:example.org';

test('a room in its desired state is not changed', () => {
  const desired = room({ members: [member(A), member(GHOST, { kind: 'ghost' })] });
  expect(changes(desired, made(desired, membership(A, 'join'), membership(GHOST, 'join')))).toEqual([]);
});

test('state comes before invitations, and invitations come before removals', () => {
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

describe('a person whom FHIR names', () => {
  // Their membership, by whom they came or went, whether FHIR and Matrix had agreed on them, the policy → the changes.
  test.each<[string, string | undefined, string, 'agreed' | 'new', Comparison['policy'], readonly string[]]>([
    ['is invited', undefined, '', 'new', 'follow', ['invite']],
    ['is not invited twice', 'invite', BOT, 'agreed', 'follow', []],
    ['who joined stays', 'join', A, 'agreed', 'follow', []],
    ['who was banned is not invited', 'ban', LEAD, 'new', 'ignore', []],
    ['who left or declined is not invited again', 'leave', A, 'agreed', 'follow', []],
    ['who left is not invited again', 'leave', A, 'agreed', 'suggest', []],
    ['who left is not invited again, even if FHIR leads', 'leave', A, 'agreed', 'ignore', []],
    ['who left is invited after FHIR dropped and added them', 'leave', A, 'new', 'follow', ['invite']],
    ['whom a lead removed stays away', 'leave', LEAD, 'agreed', 'follow', []],
    ['whom a lead removed stays away', 'leave', LEAD, 'agreed', 'suggest', []],
    ['whom a lead removed is invited again if FHIR leads', 'leave', LEAD, 'agreed', 'ignore', ['invite']],
    [
      'whom a lead removed is invited after FHIR added them again',
      'leave',
      LEAD,
      'new',
      'follow',
      ['invite'],
    ],
    ['whom the bridge removed is invited again', 'leave', BOT, 'agreed', 'follow', ['invite']],
    ['who left and knocks is invited', 'knock', A, 'agreed', 'follow', ['invite']],
  ])('%s: %s by %s, %s, %s', (_, is, by, agreed, policy, expected) => {
    const desired = room({ members: [member(A)] });
    const actual = made(desired, ...(is === undefined ? [] : [membership(A, is, by)]));
    const base = agreed === 'agreed' ? [A] : [];
    expect(changes(desired, actual, { base, policy }).map(({ kind }) => kind)).toEqual(expected);
  });

  test.each<[string, string | undefined, string, 'agreed' | 'new', Comparison['policy'], readonly string[]]>([
    ['is new joins', undefined, '', 'new', 'follow', ['invite', 'join']],
    ['is invited joins', 'invite', LEAD, 'new', 'follow', ['join']],
    ['is in the room stays', 'join', GHOST, 'agreed', 'follow', []],
    ['was banned stays out', 'ban', LEAD, 'agreed', 'ignore', []],
    ['left comes back', 'leave', GHOST, 'agreed', 'follow', ['invite', 'join']],
    ['the bridge removed comes back', 'leave', BOT, 'agreed', 'follow', ['invite', 'join']],
    ['a lead removed stays away', 'leave', LEAD, 'agreed', 'follow', []],
    ['a lead removed stays away', 'leave', LEAD, 'agreed', 'suggest', []],
    [
      'that a lead removed comes back where FHIR leads',
      'leave',
      LEAD,
      'agreed',
      'ignore',
      ['invite', 'join'],
    ],
    [
      'a lead removed comes back after FHIR added them again',
      'leave',
      LEAD,
      'new',
      'follow',
      ['invite', 'join'],
    ],
  ])('by a ghost that %s: %s by %s, %s, %s', (_, is, by, agreed, policy, expected) => {
    const desired = room({ members: [member(GHOST, { kind: 'ghost' })] });
    const actual = made(desired, ...(is === undefined ? [] : [membership(GHOST, is, by)]));
    const base = agreed === 'agreed' ? [GHOST] : [];
    expect(changes(desired, actual, { base, policy }).map(({ kind }) => kind)).toEqual(expected);
  });

  test('twice, with one account, is invited once', () => {
    const desired = room({
      members: [member(A), member(A, { reference: ref('RelatedPerson/3'), level: 50 })],
    });
    expect(kinds(desired, made(desired))).toEqual([`invite ${A}`]);
  });
});

describe('a person whom FHIR does not name', () => {
  test.each<[string, string, 'agreed' | 'new', Comparison['policy'], readonly string[]]>([
    ['any more is removed', A, 'agreed', 'follow', [`kick ${A}`]],
    ['any more is removed', A, 'agreed', 'suggest', [`kick ${A}`]],
    ['any more is removed', A, 'agreed', 'ignore', [`kick ${A}`]],
    ['who joined in Matrix may become a member', A, 'new', 'follow', []],
    ['who joined in Matrix may become a member', A, 'new', 'suggest', []],
    ['who joined in Matrix is removed if FHIR leads', A, 'new', 'ignore', [`kick ${A}`]],
    ['any more: their ghost leaves', GHOST, 'agreed', 'follow', [`leave ${GHOST}`]],
  ])('%s: %s, %s, %s', (_, id, agreed, policy, expected) => {
    const base = agreed === 'agreed' ? [id] : [];
    for (const is of ['join', 'invite']) {
      expect(kinds(room(), made(room(), membership(id, is)), { base, policy })).toEqual(expected);
    }
    for (const is of ['leave', 'ban', 'knock']) {
      expect(kinds(room(), made(room(), membership(id, is)), { base, policy })).toEqual([]);
    }
  });

  // What the bridge asked for before FHIR dropped them may reach the homeserver after it.
  test.each([
    ['any more, though their ghost came in late: it leaves', GHOST, 'join', GHOST, [`leave ${GHOST}`]],
    ['any more, though their ghost was invited late: it declines', GHOST, 'invite', BOT, [`leave ${GHOST}`]],
    ['any more, though they were invited late: that is taken back', A, 'invite', BOT, [`kick ${A}`]],
    ['whose ghost a member invites: it stays outside', GHOST, 'invite', LEAD, []],
    ['whom a member invites may become a member', A, 'invite', LEAD, []],
  ])('%s', (_, id, is, by, expected) => {
    expect(kinds(room(), made(room(), membership(id, is, by)))).toEqual(expected);
  });

  test('is out of a closed room, except for the bot', () => {
    const closed = room({ phase: 'closed', members: [member(A, { relayGhost: userId(GHOST) })] });
    const actual = made(closed, membership(A, 'join'), membership(B, 'invite'), membership(GHOST, 'join'));
    expect(kinds(closed, actual)).toEqual([`kick ${A}`, `kick ${B}`, `leave ${GHOST}`]);
  });

  test('who is as powerful as the bot, or more, stays', () => {
    const actual = [
      state('m.room.create', { room_version: '11' }, '', A),
      ...madeAs('11', room(), membership(A, 'join'), membership(B, 'join')).slice(1),
    ];
    const levels = { users: { [BOT]: 100, [A]: 100, [B]: 99 }, users_default: 25 };
    const after = kinds(room(), replaced(actual, state('m.room.power_levels', levels)), { base: [A, B] });
    expect(after).toEqual(['put-state', `kick ${B}`]);
  });
});

describe('a person with a new account', () => {
  const present = (over: Partial<DesiredMember> = {}): DesiredRoom =>
    room({ members: [member(B, { formerUserIds: [userId(A)], ...over })] });
  const levels = (desired: DesiredRoom, ...args: readonly ActualState[]): unknown =>
    changes(desired, made(desired, ...args)).find(
      (change) => change.kind === 'put-state' && change.event.type === 'm.room.power_levels',
    );

  test('is invited with it, and the former account stays with its level meanwhile', () => {
    const before = made(room({ members: [member(A)] }), membership(A, 'join'));
    expect(changes(present(), before, { base: [A] })).toMatchObject([
      { event: { type: 'm.room.power_levels', content: { users: { [A]: 75, [B]: 75 } } } },
      { kind: 'invite', userId: B },
    ]);
  });

  test('has one level when the new account has joined, and the former one leaves', () => {
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

  test('who declines with it stays with the former account', () => {
    const before = made(
      room({ members: [member(A), member(B)] }),
      membership(A, 'join'),
      membership(B, 'leave'),
    );
    expect(changes(present(), before, { base: [A, B] })).toEqual([]);
  });

  test('or without any account: the ghost joins, and the former account leaves with its level', () => {
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

  test('who had a ghost: it leaves when they have joined, although it may send for them later', () => {
    const over = { formerUserIds: [userId(GHOST)], relayGhost: userId(GHOST) };
    const desired = room({ members: [member(B, over)] });
    expect(kinds(desired, made(desired, membership(GHOST, 'join'), membership(B, 'join')))).toEqual([
      `leave ${GHOST}`,
    ]);
    expect(levels(desired, membership(GHOST, 'join'), membership(B, 'invite', BOT))).toMatchObject({
      event: { content: { users: { [GHOST]: 75, [B]: 75 } } },
    });
  });

  test('whose former account another person has now: it stays, only with that level', () => {
    const desired = room({
      members: [member(A, { level: 50 }), member(B, { formerUserIds: [userId(A)], level: 100 })],
    });
    const actual = made(desired, membership(A, 'join'), membership(B, 'join'));
    expect(changes(desired, actual, { base: [A, B] })).toEqual([]);
    expect(changes(desired, made(desired, membership(A, 'join')), { base: [A] })).toEqual([
      { kind: 'invite', userId: B },
    ]);
  });

  test('whose former account was also another person’s: it leaves when both have joined', () => {
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

test('a relay ghost of a person with an account may be in the room, without a level of its own', () => {
  const desired = room({ members: [member(A, { relayGhost: userId(GHOST) })] });
  const actual = made(desired, membership(A, 'join'), membership(GHOST, 'join'));
  expect(changes(desired, actual, { base: [A, GHOST] })).toEqual([]);
  expect(kinds(room(), actual, { base: [A, GHOST] })).toEqual(['put-state', `kick ${A}`, `leave ${GHOST}`]);
});

describe('the base of the next comparison', () => {
  const A_B = member(B, { formerUserIds: [userId(A)], relayGhost: userId(GHOST) });
  const base = (before: readonly string[], ...actual: readonly ActualState[]): readonly string[] => [
    ...memberBase(room({ members: [A_B] }), actual, { base: new Set(before) }).keys(),
  ];

  test('has everyone whom FHIR names, and their relay ghosts, whether they are in the room or not', () => {
    expect(base([])).toEqual([B, GHOST]);
    expect(base([], membership(B, 'leave'))).toEqual([B, GHOST]);
    expect(memberBase(room({ members: [A_B] }), [], { base: new Set() }).get(userId(GHOST))).toBe(A_B);
  });

  test('has a former account while it is in the room and was a member', () => {
    expect(base([A], membership(A, 'join'))).toEqual([B, GHOST, A]);
    expect(base([A], membership(A, 'leave'))).toEqual([B, GHOST]);
    expect(base([], membership(A, 'join'))).toEqual([B, GHOST]);
  });

  test('has no one whom FHIR dropped, and no one if the room is closed', () => {
    expect(memberBase(room(), [membership(A, 'join')], { base: new Set([A]) }).size).toBe(0);
    const closed = room({ phase: 'closed', members: [A_B] });
    expect(memberBase(closed, [membership(A, 'join')], { base: new Set([A, B]) }).size).toBe(0);
  });
});
