// What a member reads in a room about a message of theirs: the words, the mention, the message it answers.
import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../src/domain/language.ts';
import { MESSAGE_REASONS, NOTICE_REASONS } from '../../src/domain/notices.ts';
import { TEXTS } from '../../src/mapping/language/languages.ts';
import { mentionOf } from '../../src/mapping/mention.ts';
import { noticeMessage, noticeText } from '../../src/mapping/notices.ts';
import { eventId, userId } from '../builders/matrix.ts';

const NOOR = userId('@noor:zorg.example:8448');
const LINK = 'https://matrix.to/#/%40noor%3Azorg.example%3A8448';

test('a notice mentions its member by name, and answers their message', () => {
  const about = { about: NOOR, displayName: 'Noor', reason: 'too-large' as const };
  expect(noticeMessage(TEXTS.nl, { ...about, count: 1, answers: eventId('$1') })).toEqual({
    msgtype: 'm.notice',
    body: 'Noor: Een bericht van u is te groot om te worden vastgelegd. Stuur het alstublieft opnieuw in kleinere delen.',
    format: 'org.matrix.custom.html',
    formatted_body: `<a href="${LINK}">Noor</a>: Een bericht van u is te groot om te worden vastgelegd. Stuur het alstublieft opnieuw in kleinere delen.`,
    'm.mentions': { user_ids: ['@noor:zorg.example:8448'] },
    'm.relates_to': { 'm.in_reply_to': { event_id: '$1' } },
  });
});

test('a notice of a state answers no message', () => {
  const state = { about: NOOR, displayName: 'Noor', reason: 'needs-power' as const };
  expect(noticeMessage(TEXTS.en, state)).not.toHaveProperty('m.relates_to');
});

describe('a mention', () => {
  test.each([
    ['Noor', 'Noor', 'Noor'],
    ['  Noor\nde\tVries ', 'Noor de Vries', 'Noor de Vries'],
    ['<b onclick="x">&\'', '<b onclick="x">&\'', '&lt;b onclick=&quot;x&quot;&gt;&amp;&#39;'],
    ['\u202eroon\u0000', 'roon', 'roon'],
    ['', 'noor', 'noor'],
    [undefined, 'noor', 'noor'],
    [{ odd: 1 }, 'noor', 'noor'],
    ['\u200b\u202e ', 'noor', 'noor'],
  ])('%j is shown as %s', (displayName, plain, html) => {
    expect(mentionOf(NOOR, displayName)).toEqual({ plain, html: `<a href="${LINK}">${html}</a>` });
  });

  test('a very long name is cut, and no character of it in two', () => {
    expect(mentionOf(NOOR, `x${'👩'.repeat(5000)}`).plain).toBe(`x${'👩'.repeat(49)}`);
  });
});

describe.each(LANGUAGES)('in %s', (language) => {
  test.each(NOTICE_REASONS)('%s has words', (reason) => {
    expect(noticeText(TEXTS[language], reason)).toMatch(/^\p{Lu}.{30,}\.$/u);
  });

  test.each(MESSAGE_REASONS)('%s says of how many messages it tells', (reason) => {
    expect(noticeText(TEXTS[language], reason, 3)).toMatch(/^3 /);
    expect(noticeText(TEXTS[language], reason, 1)).not.toMatch(/\d/);
  });
});
