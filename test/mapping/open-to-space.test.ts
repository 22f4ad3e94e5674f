// Who is asked into a room that is open to the space of its team, and who has to leave it.
import { describe, expect, test } from 'vitest';
import type { DesiredMember, DesiredRoom } from '../../src/mapping/desired-room.ts';
import type { ActualState } from '../../src/mapping/room-changes.ts';
import { changesToRoom } from '../../src/mapping/room-changes.ts';
import { changes, kinds, made, madeAs, membership, replaced, state } from '../builders/actual-room.ts';
import { member, room } from '../builders/desired-room.ts';
import { BOT, userId } from '../builders/matrix.ts';

const A = '@a:example.org';
const B = '@b:example.org';
const GHOST = '@_fhir_1:example.org';

describe('in a room that is open to the space of its team', () => {
  const open = (...members: readonly DesiredMember[]): DesiredRoom => room({ mayJoin: [A, B], members });
  const byRule = (id: string): ActualState =>
    state('m.room.member', { membership: 'join', join_authorised_via_users_server: BOT }, id, id);
  const pendingIn = (desired: DesiredRoom, actual: readonly ActualState[], pending: readonly string[]) =>
    changesToRoom(desired, actual, {
      ...{ bot: BOT, isOwn: (id) => id.startsWith('@_fhir_'), policy: 'follow', madeBy: 'bridge' },
      ...{ base: new Set([A, B]), pending: new Set(pending) },
    });

  test('everyone is invited when it is made', () => {
    const desired = open(member(A), member(B));
    expect(kinds(desired, made(desired))).toEqual([`invite ${A}`, `invite ${B}`]);
  });

  test('who comes into the team later finds it in the space', () => {
    const desired = open(member(A), member(B));
    const actual = made(desired, membership(A, 'join'));
    expect(kinds(desired, actual, { base: [A] })).toEqual([]);
    expect(kinds(desired, [...actual, membership(B, 'leave', BOT)], { base: [A] })).toEqual([]);
  });

  test('who comes into the conversation without being in the space is invited', () => {
    const desired = room({ mayJoin: [A], members: [member(A), member(B)] });
    const actual = made(desired, membership(A, 'join'));
    expect(kinds(desired, actual, { base: [A] })).toEqual([`invite ${B}`]);
  });

  test('who could not be invited yet still is', () => {
    const desired = open(member(A), member(B));
    const actual = made(desired, membership(A, 'join'));
    expect(pendingIn(desired, actual, [B])).toEqual([{ kind: 'invite', userId: B }]);
  });

  test('ghosts still come at once', () => {
    const desired = open(member(A), member(GHOST, { kind: 'ghost' }));
    const actual = made(desired, membership(A, 'join'));
    expect(kinds(desired, actual, { base: [A] })).toEqual([`invite ${GHOST}`, `join ${GHOST}`]);
  });

  test('who was in the room before is invited to the one that took its place', () => {
    const desired = open(member(A), member(B));
    const create = state('m.room.create', { room_version: '12', predecessor: { room_id: '!old' } });
    const actual = replaced(made(desired, membership(A, 'join')), create);
    expect(kinds(desired, actual, { base: [A, B] })).toEqual([`invite ${B}`]);
    expect(kinds(desired, actual, { base: [A] })).toEqual([]);
  });

  test('who is in it with an account that they gave up is invited with the new one', () => {
    const desired = open(member(B, { formerUserIds: [userId(A)] }));
    const actual = made(desired, membership(A, 'join'));
    expect(kinds(desired, actual, { base: [A] })).toContain(`invite ${B}`);
  });

  test('everyone who is missing is invited as long as it was not open yet, or is open no more', () => {
    const [closed, opened] = [room({ members: [member(A), member(B)] }), open(member(A), member(B))];
    const here = membership(A, 'join');
    expect(kinds(opened, made(closed, here), { base: [A] })).toContain(`invite ${B}`);
    expect(kinds(closed, made(opened, here), { base: [A] })).toContain(`invite ${B}`);
  });

  test('who joined by the rule and is named stays; anyone else is removed, whatever the policy', () => {
    const desired = open(member(A));
    const actual = made(desired, byRule(A), byRule(B));
    expect(kinds(desired, actual, { base: [A] })).toEqual([`kick ${B}`]);
    expect(kinds(desired, actual, { base: [A], policy: 'suggest' })).toEqual([`kick ${B}`]);
  });

  test('who joined by the rule of a user’s own room may become a member', () => {
    const desired = room({ members: [member(A)] });
    const actual = made(desired, membership(A, 'join'), byRule(B));
    expect(kinds(desired, actual, { base: [A], madeBy: 'user' })).toEqual([]);
  });

  test('a version that knows no such rule keeps to invitations', () => {
    const desired = open(member(A), member(B));
    const actual = madeAs('7', room({ members: [member(A), member(B)] }), membership(A, 'join'));
    const after = changes(desired, actual, { base: [A] });
    expect(after).toContainEqual({ kind: 'invite', userId: B });
    expect(JSON.stringify(after)).not.toContain('join_rules');
  });
});
