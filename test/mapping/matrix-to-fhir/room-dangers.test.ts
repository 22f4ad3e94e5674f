// What makes a room that a user made unsafe to send into.
import { describe, expect, test } from 'vitest';
import { dangersIn, type Danger } from '../../../src/mapping/matrix-to-fhir/room-dangers.ts';
import { state } from '../../builders/actual-room.ts';
import { roomId } from '../../builders/matrix.ts';

const SPACE = roomId('!space');
const allowing = (...rooms: readonly string[]) => ({
  allow: rooms.map((room) => ({ type: 'm.room_membership', room_id: room })),
});
const dangers = (type: string, content: Record<string, unknown>): readonly Danger[] =>
  dangersIn([state(type, content)], { isListed: false, space: SPACE });

describe('join rules', () => {
  test.each<[Record<string, unknown>, boolean]>([
    [{ join_rule: 'invite' }, true],
    [{ join_rule: 'private' }, true],
    [{ join_rule: 'knock' }, true],
    [{ join_rule: 'restricted', ...allowing('!space') }, true],
    [{ join_rule: 'knock_restricted', ...allowing('!space') }, true],
    [{ join_rule: 'restricted' }, true],
    [{ join_rule: 'public' }, false],
    [{ join_rule: 'restricted', ...allowing('!space', '!anywhere') }, false],
    [{ join_rule: 'restricted', allow: ['!space'] }, false],
    [{ join_rule: 'org.example.open' }, false],
    [{}, false],
  ])('%j let in only whom somebody of the room or the space let in: %s', (content, isSafe) => {
    expect(dangers('m.room.join_rules', content)).toEqual(isSafe ? [] : ['open']);
  });

  test('that are none let in only the invited; without a space no one comes through one', () => {
    expect(dangersIn([], { isListed: false, space: undefined })).toEqual([]);
    const rules = state('m.room.join_rules', { join_rule: 'restricted', ...allowing('!space') });
    expect(dangersIn([rules], { isListed: false, space: undefined })).toEqual(['open']);
  });
});

test.each(['shared', 'invited', 'joined'])('history that is %s is read by members only', (history) => {
  expect(dangers('m.room.history_visibility', { history_visibility: history })).toEqual([]);
});

test('all dangers are told', () => {
  const room = [
    state('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }),
    state('m.room.join_rules', { join_rule: 'public' }),
    state('m.room.history_visibility', { history_visibility: 'world_readable' }),
  ];
  expect(dangersIn(room, { isListed: true, space: SPACE })).toEqual([
    ...(['encrypted', 'open', 'readable', 'listed'] as const),
  ]);
});
