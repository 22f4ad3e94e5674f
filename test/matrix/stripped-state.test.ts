// The state of a room as an invited user sees it: one event without form makes no invitation, and hides none.
import { describe, expect, test } from 'vitest';
import { strippedEventSchema, wellFormed } from '../../src/matrix/event-schema.ts';
import { invitationIn } from '../../src/matrix/invitations.ts';
import { BOT } from '../builders/matrix.ts';

const invitation = (over: object = {}): object => ({
  ...{ type: 'm.room.member', state_key: BOT, sender: '@noor:h', content: { membership: 'invite' } },
  ...over,
});
const read = (...events: readonly unknown[]) =>
  invitationIn('!room:h', BOT, wellFormed(strippedEventSchema).parse(events));

test('an invitation is by its sender', () => {
  expect(read(invitation())).toMatchObject({ roomId: '!room:h', userId: BOT, sender: '@noor:h' });
});

describe('by nobody who can be a user it is none, and the next one counts', () => {
  test.each(['', 'noor', '@', '@noor', `@${'x'.repeat(300)}:h`, '@no\u0000or:h', 7, null])('%j', (sender) => {
    expect(read(invitation({ sender }))).toBeUndefined();
    expect(read(invitation({ sender }), invitation())).toMatchObject({ sender: '@noor:h' });
  });
});
