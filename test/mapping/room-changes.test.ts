// Desired × actual → changes: they make the one into the other, and afterwards there are none.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DesiredMember, DesiredRoom } from '../../src/mapping/desired-room.ts';
import { desiredConversation } from '../../src/mapping/desired-room.ts';
import type { ActualState, RoomChange } from '../../src/mapping/room-changes.ts';
import { changesToRoom } from '../../src/mapping/room-changes.ts';
import { ref } from '../builders/fhir.ts';
import { BOT, userId } from '../builders/matrix.ts';

const AROUND = { bot: BOT, names: { space: 'Care team', conversation: 'Conversation' } };
const USERS = ['@a:h', '@b:h', '@c:h', '@d:h'].map(userId);

const desiredOf = (members: readonly DesiredMember[], roomVersion = '12'): DesiredRoom =>
  desiredConversation(ref('CommunicationRequest/1'), members, { ...AROUND, roomVersion }, {});

const member = (id: string, over: Partial<DesiredMember> = {}): DesiredMember => ({
  reference: ref('Practitioner/1'),
  userId: userId(id),
  kind: 'user',
  displayName: 'A',
  level: 75,
  ...over,
});

/** What a homeserver makes of the changes. */
function apply(actual: readonly ActualState[], changes: readonly RoomChange[]): readonly ActualState[] {
  const state = new Map(actual.map((event) => [`${event.type} ${event.state_key}`, event]));
  const put = (event: ActualState): void => void state.set(`${event.type} ${event.state_key}`, event);
  for (const change of changes) {
    if (change.kind === 'put-state') put(change.event);
    else
      put({
        type: 'm.room.member',
        state_key: change.member.userId,
        content: { membership: change.kind },
      });
  }
  return [...state.values()];
}

const contentOf = (
  state: readonly ActualState[],
  type: string,
  key = '',
): Record<string, unknown> | undefined =>
  state.find((event) => event.type === type && event.state_key === key)?.content;

const membershipOf = (state: readonly ActualState[], id: string): unknown =>
  contentOf(state, 'm.room.member', id)?.['membership'];

const memberships = fc.constantFrom('join', 'invite', 'leave', 'ban', 'knock');
const members = fc
  .uniqueArray(fc.constantFrom(...USERS), { maxLength: 4 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc
          .record({ kind: fc.constantFrom('user', 'ghost'), level: fc.constantFrom(25, 50, 75) })
          .map((over) => member(id, over as Partial<DesiredMember>)),
      ),
    ),
  );
const actualState = fc
  .record({
    name: fc.option(fc.constantFrom('Conversation', 'Renamed'), { nil: undefined }),
    joinRule: fc.option(fc.constantFrom('invite', 'public'), { nil: undefined }),
    levels: fc.option(
      fc.record({
        users: fc.dictionary(fc.constantFrom(...USERS, '@stranger:h'), fc.constantFrom(0, 25, 50, 75, 100)),
        events: fc.dictionary(
          fc.constantFrom('m.room.name', 'm.room.power_levels', 'm.other'),
          fc.integer({ min: 0, max: 100 }),
        ),
        kick: fc.integer({ min: 0, max: 100 }),
      }),
      { nil: undefined },
    ),
    memberships: fc.dictionary(fc.constantFrom(...USERS, '@stranger:h'), memberships),
    topic: fc.option(fc.string(), { nil: undefined }),
  })
  .map(({ name, joinRule, levels, memberships: present, topic }): readonly ActualState[] => {
    const event = (type: string, content: Record<string, unknown>, key = ''): ActualState => ({
      type,
      state_key: key,
      content,
    });
    return [
      ...(name === undefined ? [] : [event('m.room.name', { name })]),
      ...(joinRule === undefined ? [] : [event('m.room.join_rules', { join_rule: joinRule })]),
      ...(levels === undefined ? [] : [event('m.room.power_levels', levels)]),
      ...(topic === undefined ? [] : [event('m.room.topic', { topic })]),
      ...Object.entries(present).map(([id, membership]) => event('m.room.member', { membership }, id)),
    ];
  });

test('from whatever it is, a room becomes what it should be, and a second run changes nothing', () => {
  fc.assert(
    fc.property(members, actualState, fc.constantFrom('11', '12'), (wanted, actual, roomVersion) => {
      const desired = desiredOf(wanted, roomVersion);
      const after = apply(actual, changesToRoom(desired, actual));

      for (const { type, state_key, content } of desired.state) {
        expect(contentOf(after, type, state_key)).toEqual(content);
      }
      const { users, ...levels } = contentOf(after, 'm.room.power_levels') ?? {};
      const { users: wantedUsers, ...wantedLevels } = desired.powerLevels;
      expect(levels).toEqual(wantedLevels);
      const levelOf = (id: string): unknown =>
        (users as Record<string, number>)[id] ?? wantedLevels.users_default;
      for (const { userId: id, level } of wanted) expect(levelOf(id)).toBe(level);
      expect(users).toMatchObject(wantedUsers);
      // Whoever is not mapped keeps what they have: the bridge neither raises nor lowers them.
      const before = contentOf(actual, 'm.room.power_levels')?.['users'] as
        Record<string, number> | undefined;
      expect((users as Record<string, number>)['@stranger:h']).toBe(before?.['@stranger:h']);
      for (const { userId: id, kind } of wanted) {
        const was = membershipOf(actual, id);
        const staysAway = was === 'ban';
        const expected = staysAway ? 'ban' : kind === 'ghost' ? 'join' : (was ?? 'invite');
        expect(membershipOf(after, id)).toBe(expected);
      }
      expect(contentOf(after, 'm.room.topic')).toEqual(contentOf(actual, 'm.room.topic'));

      expect(changesToRoom(desired, after)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

describe('members', () => {
  test.each([
    ['user', undefined, ['invite']],
    ['user', 'invite', []],
    ['user', 'join', []],
    ['user', 'leave', []], // who left does not want to be asked again
    ['user', 'ban', []],
    ['ghost', undefined, ['invite', 'join']],
    ['ghost', 'invite', ['join']],
    ['ghost', 'leave', ['invite', 'join']],
    ['ghost', 'join', []],
    ['ghost', 'ban', []],
  ] as const)('a %s whose membership is %s: %j', (kind, membership, expected) => {
    const desired = desiredOf([member('@a:h', { kind })]);
    const finished = apply([], changesToRoom(desiredOf([member('@a:h')]), [])).filter(
      ({ type }) => type !== 'm.room.member',
    );
    const actual =
      membership === undefined ? [] : [{ type: 'm.room.member', state_key: '@a:h', content: { membership } }];
    expect(changesToRoom(desired, [...finished, ...actual]).map((change) => change.kind)).toEqual(expected);
  });

  test('are asked in only when the room is finished', () => {
    const kinds = changesToRoom(desiredOf([member('@a:h'), member('@b:h', { kind: 'ghost' })]), []).map(
      (change) => change.kind,
    );
    expect(kinds.slice(kinds.indexOf('invite'))).toEqual(['invite', 'invite', 'join']);
  });
});

test('a level beyond what the mapping says is taken away from a mapped person', () => {
  const desired = desiredOf([member('@a:h', { level: 25 })]);
  const actual = apply([], changesToRoom(desired, [])).map((event) =>
    event.type === 'm.room.power_levels'
      ? { ...event, content: { ...event.content, users: { '@a:h': 75, '@stranger:h': 50 } } }
      : event,
  );
  expect(changesToRoom(desired, actual)).toEqual([
    {
      kind: 'put-state',
      event: {
        type: 'm.room.power_levels',
        state_key: '',
        content: { ...desired.powerLevels, users: { '@stranger:h': 50 } },
      },
    },
  ]);
});
