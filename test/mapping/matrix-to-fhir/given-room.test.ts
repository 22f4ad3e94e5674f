// Which rooms of others may become the space or room of a resource, and which may not.
import { expect, test } from 'vitest';
import { mayGiveRoom, type GivenRoom } from '../../../src/mapping/matrix-to-fhir/given-room.ts';
import { member } from '../../builders/desired-room.ts';
import { userId } from '../../builders/matrix.ts';

const NURSE = userId('@nurse:example.org');
const DAUGHTER = userId('@daughter:example.org');
const CLIENT = userId('@client:example.org');
const FORMER = userId('@old_bridge:example.org');
const BOT = userId('@_fhir_bot:example.org');
const STRANGER = userId('@stranger:example.org');
const MEMBERS = [
  member(NURSE, { level: 100 }),
  member(DAUGHTER, { level: 50 }),
  member(CLIENT, { level: 25, formerUserIds: [userId('@before:example.org')] }),
];
const plain: GivenRoom = {
  ...{ isSpace: false, isEncrypted: false, predecessor: undefined, dangers: [], canBeKept: true },
  ...{ creator: DAUGHTER, createdAt: 0, name: undefined, members: [DAUGHTER, BOT], joined: new Set() },
};
const may = (kind: 'space' | 'conversation', over: Partial<GivenRoom>): boolean =>
  mayGiveRoom(
    { ...plain, ...over },
    { kind, members: MEMBERS },
    { formerMakers: new Set([FORMER]), isOwn: (user) => user.startsWith('@_fhir_') },
  );

test.each<[string, 'space' | 'conversation', Partial<GivenRoom>, boolean]>([
  ['a conversation of a relative', 'conversation', {}, true],
  ['a conversation of a client, who may begin none', 'conversation', { creator: CLIENT }, false],
  ['a conversation of a stranger', 'conversation', { creator: STRANGER }, false],
  ['a conversation without a maker', 'conversation', { creator: undefined }, false],
  ['a space of a lead', 'space', { isSpace: true, creator: NURSE }, true],
  ['a space of a relative', 'space', { isSpace: true }, false],
  ['a room of the bridge before', 'conversation', { creator: FORMER, members: [FORMER, NURSE, BOT] }, true],
  ['a former account of a member in it', 'conversation', { members: [userId('@before:example.org')] }, true],
  ['a stranger in it', 'conversation', { members: [DAUGHTER, STRANGER] }, false],
  [
    'a stranger in a room of the bridge before',
    'conversation',
    { creator: FORMER, members: [STRANGER] },
    false,
  ],
  ['a space in a room’s place', 'conversation', { isSpace: true }, false],
  ['a room in a space’s place', 'space', { creator: NURSE }, false],
  ['an unsafe room', 'conversation', { dangers: ['encrypted'] }, false],
  ['a room in which the bridge lacks power', 'conversation', { canBeKept: false }, false],
  [
    'such a room of the bridge before',
    'conversation',
    { canBeKept: false, creator: FORMER, members: [FORMER, NURSE, BOT] },
    true,
  ],
])('%s', (_, kind, over, expected) => {
  expect(may(kind, over)).toBe(expected);
});
