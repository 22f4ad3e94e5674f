// The judge of the benchmarks: it sees what is lost, doubled, out of order and altered.
import { describe, expect, test } from 'vitest';
import { judge, type Arrival, type Said, type Verdict } from '../../bench/judge.ts';

const STREAM = 'user in c0';

/** `1.1` is the first text of message 1, `1.2` its edit; each is said in the second of its place. */
function said(texts: string): readonly Said[] {
  return texts.split(' ').map((text, index) => ({ ...messageOf(text), atMs: index * 1_000 }));
}

/** The same, with the record in which it arrives: `1.1@a`. */
function arrived(texts: string, stream = STREAM): readonly Arrival[] {
  const given = texts === '' ? [] : texts.split(' ');
  return given.map((each, index) => {
    const [text = '', record = ''] = each.split('@');
    return { ...messageOf(text), stream, record, atMs: index * 1_000 + 10 };
  });
}

function messageOf(text: string) {
  const [number = ''] = text.split('.');
  return { stream: STREAM, token: number, text };
}

describe('the judge', () => {
  test.each<[string, string, string, Partial<Verdict>]>([
    ['sees that all is well', '1.1 2.1', '1.1@a 2.1@b', { arrived: 2 }],
    ['sees what never arrived', '1.1 2.1', '1.1@a', { arrived: 1, lost: 1 }],
    ['sees that nothing arrived', '1.1 2.1', '', { arrived: 0, lost: 2 }],
    ['sees what arrived twice', '1.1 2.1', '1.1@a 1.1@b 2.1@c', { arrived: 2, doubled: 1 }],
    ['takes a second version of one record for no second message', '1.1 2.1', '1.1@a 1.1@a 2.1@b', {}],
    [
      'sees a message before one that was said earlier',
      '1.1 2.1 3.1',
      '2.1@b 1.1@a 3.1@c',
      { outOfOrder: 1 },
    ],
    [
      'sees an edit after the message that followed it',
      '1.1 1.2 2.1',
      '1.1@a 2.1@b 1.2@a',
      { outOfOrder: 1 },
    ],
    ['takes an edit in its place for right', '1.1 1.2 2.1', '1.1@a 1.2@a 2.1@b', {}],
    ['sees that an edit is missing', '1.1 1.2', '1.1@a', { altered: 1 }],
    ['sees that an edit was written over', '1.1 1.2', '1.2@a 1.1@a', { altered: 1, outOfOrder: 1 }],
  ])('%s', (_, texts, came, expected) => {
    const { latenciesMs: __, ...verdict } = judge(said(texts), arrived(came));
    const sent = new Set(said(texts).map(({ token }) => token)).size;
    const nothing = { lost: 0, doubled: 0, outOfOrder: 0, altered: 0 };
    expect(verdict).toEqual({ sent, arrived: sent, ...nothing, ...expected });
  });

  test('does not take what arrives in another conversation for the message', () => {
    expect(judge(said('1.1'), arrived('1.1@a', 'user in c1'))).toMatchObject({ lost: 1, arrived: 0 });
  });

  test('measures from the saying of each text to its first arrival', () => {
    expect(judge(said('1.1 2.1 1.2'), arrived('1.1@a 2.1@b 2.1@b')).latenciesMs).toEqual([10, 10]);
  });
});
