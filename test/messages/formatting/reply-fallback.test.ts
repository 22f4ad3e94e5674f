// The quote that older clients put before a reply goes; what a person quoted stays.
import { describe, expect, test } from 'vitest';
import { withoutReplyFallback } from '../../../src/messages/formatting/reply-fallback.ts';

const HTML = '<mx-reply><blockquote>quoted</blockquote></mx-reply>answer';

describe('the quote goes', () => {
  test.each([
    ['of a text', '> <@noor:a.example> quoted\n\nanswer', HTML, 'answer'],
    ['of several lines', '> <@noor:a.example> one\n> two\n> \n> three\n\nanswer', HTML, 'answer'],
    ['of an emote', '> * <@noor:a.example> waves\n\nanswer', HTML, 'answer'],
    ['where there is no HTML', '> <@noor:a.example> quoted\n\nanswer', undefined, 'answer'],
    ['without the empty line', '> <@noor:a.example> quoted\nanswer', HTML, 'answer'],
    [
      'and the answer keeps its own lines and quotes',
      '> <@noor:a.example> q\n\n> own\n\nanswer',
      HTML,
      '> own\n\nanswer',
    ],
  ])('%s', (_, body, html, own) => {
    expect(withoutReplyFallback({ body, html })).toBe(own);
  });
});

describe('the body stays', () => {
  test.each([
    ['without a quote', 'answer', HTML],
    ['with a quote that names no user', '> 10 mg\n\nanswer', undefined],
    [
      'with a quote that a person wrote, as the HTML shows',
      '> <@noor:a.example> 10 mg\n\nanswer',
      '<p>answer</p>',
    ],
    ['with the quote below the answer', 'answer\n> <@noor:a.example> quoted', HTML],
    ['where it is the quote alone', '> <@noor:a.example> quoted', HTML],
    ['where nothing but spaces would be left', '> <@noor:a.example> quoted\n\n  ', HTML],
    ['where the quote has another form', '><@noor:a.example> quoted\n\nanswer', HTML],
    ['empty', '', undefined],
  ])('%s', (_, body, html) => {
    expect(withoutReplyFallback({ body, html })).toBe(body);
  });
});
