// The comparison of both sides finds what it is there for.
import { describe, expect, test } from 'vitest';
import { judge, type BothSides, type Recorded, type RoomMessage } from '../../faults/suite/judge.ts';
import type { SentConversation, SentMessage } from '../../faults/suite/sent.ts';

const BOT = '@bot:here';
const GHOST = '@ghost:here';

const said = (by: 'user' | 'platform', n: number, over: Partial<SentMessage> = {}): SentMessage => ({
  ...{ by, id: `${by}${n}`, token: `[${by}${n}]`, kind: 'text', text: `[${by}${n}] version 1` },
  ...{ isGone: false, reactions: [], ...over },
});
const record = (n: number, over: Partial<Recorded> = {}): Recorded => ({
  ...{ id: `record${n}`, eventIds: [`user${n}`], isInError: false, texts: [`[user${n}] version 1`] },
  ...{ fileSha1: undefined, answers: [], notes: [], createdMs: n, ...over },
});
const shown = (n: number, over: Partial<RoomMessage> = {}): RoomMessage => ({
  ...{ eventId: `$${n}`, sender: GHOST, isNotice: false, text: `[platform${n}] version 1` },
  ...{ firstText: `[platform${n}] version 1`, answers: undefined, fileSha1: undefined, ...over },
});
const opening = shown(0, { text: 'How is she?', firstText: 'How is she?' });
const conversation = (messages: SentMessage[]): SentConversation => ({
  ...{ id: 'c', roomId: '!c', opening: 'How is she?', messages },
});
const whatIs = (messages: SentMessage[], { room = [], records = [] }: Partial<BothSides>) =>
  judge(conversation(messages), { room: [opening, ...room], records, bot: BOT }).map(({ what }) => what);

describe('of users', () => {
  test.each<[string, SentMessage[], Recorded[], string[]]>([
    ['recorded once', [said('user', 1)], [record(1)], []],
    ['not recorded', [said('user', 1)], [], ['lost']],
    ['recorded twice', [said('user', 1)], [record(1), record(1, { id: 'again' })], ['doubled']],
    ['with another text', [said('user', 1)], [record(1, { texts: ['[user1] version 2'] })], ['altered']],
    ['taken back', [said('user', 1, { isGone: true })], [record(1, { isInError: true })], []],
    ['not taken back', [said('user', 1, { isGone: true })], [record(1)], ['altered']],
    ['taken back by no one', [said('user', 1)], [record(1, { isInError: true })], ['altered']],
    [
      'in the wrong order',
      [said('user', 1), said('user', 2)],
      [record(1, { createdMs: 9 }), record(2)],
      ['out of order'],
    ],
    [
      'without what it answers',
      [said('user', 1), said('user', 2, { answers: { by: 'user', id: 'user1' } })],
      [record(1), record(2)],
      ['altered'],
    ],
    [
      'with another file',
      [said('user', 1, { kind: 'file', file: { name: 'a', sha1: 'a' } })],
      [record(1, { fileSha1: 'b' })],
      ['altered'],
    ],
    ['without its reaction', [said('user', 1, { reactions: ['👍'] })], [record(1)], ['altered']],
    ['of no one', [], [record(7)], ['unexplained']],
  ])('%s', (_, messages, records, found) => {
    expect(whatIs(messages, { records })).toEqual(found);
  });
});

describe('of platforms', () => {
  const own = (n: number, over: Partial<Recorded> = {}) =>
    record(n, { id: `platform${n}`, eventIds: [`$${n}`], ...over });
  test.each<[string, SentMessage[], RoomMessage[], string[]]>([
    ['shown once', [said('platform', 1)], [shown(1)], []],
    ['not shown', [said('platform', 1)], [], ['lost']],
    ['shown twice', [said('platform', 1)], [shown(1), shown(1, { eventId: '$again' })], ['doubled']],
    ['with another text', [said('platform', 1)], [shown(1, { text: '[platform1] version 2' })], ['altered']],
    ['not taken back', [said('platform', 1, { isGone: true })], [shown(1)], ['altered']],
    [
      'in the wrong order',
      [said('platform', 1), said('platform', 2)],
      [shown(2), shown(1)],
      ['out of order'],
    ],
    [
      'without what it answers',
      [said('platform', 1), said('platform', 2, { answers: { by: 'platform', id: 'platform1' } })],
      [shown(1), shown(2)],
      ['altered'],
    ],
    ['of no one', [], [shown(7)], ['unexplained']],
    ['a notice of the bot', [], [shown(7, { sender: BOT, isNotice: true })], ['unexplained']],
  ])('%s', (_, messages, room, found) => {
    expect(whatIs(messages, { room, records: messages.map((__, index) => own(index + 1)) })).toEqual(found);
  });

  test('the first message is there once', () => {
    const none = judge(conversation([]), { room: [], records: [], bot: BOT });
    const two = judge(conversation([]), { room: [opening, opening], records: [], bot: BOT });
    expect([...none, ...two].map(({ what }) => what)).toEqual(['lost', 'doubled']);
  });
});

test('what answers the other side may have waited for it', () => {
  const answer = said('user', 1, { answers: { by: 'platform', id: 'platform1' } });
  const records = [record(1, { createdMs: 9, answers: ['Communication/platform1'] }), record(2)];
  expect(whatIs([answer, said('user', 2)], { records })).toEqual([]);
});
