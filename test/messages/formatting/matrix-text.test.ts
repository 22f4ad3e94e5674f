// The text of an event: what people saw, with or without formatting, whatever the event holds.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matrixText, readMatrixText } from '../../../src/messages/formatting/matrix-text.ts';

const formatted = (body: unknown, html: unknown, over: Record<string, unknown> = {}) =>
  readMatrixText({
    msgtype: 'm.text',
    body,
    format: 'org.matrix.custom.html',
    formatted_body: html,
    ...over,
  });

describe('a text with formatting', () => {
  test.each([
    ['keeps both forms', 'a **b**', 'a <b>b</b>', { plain: 'a b', html: 'a <b>b</b>' }],
    [
      'says in plain text what was struck out',
      '10 mg 20 mg',
      '<del>10 mg</del> 20 mg',
      { plain: '~~10 mg~~ 20 mg', html: '<del>10 mg</del> 20 mg' },
    ],
    [
      'keeps the lines of its body where the words agree',
      ' a\n  b',
      'a <i>b</i>',
      { plain: ' a\n  b', html: 'a <i>b</i>' },
    ],
    ['that is only lines is plain text', 'a\n\nb', '<p>a</p><p>b</p>', { plain: 'a\n\nb' }],
    [
      'whose HTML says something else is what people saw',
      'Give 10 mg',
      'Give 100 mg',
      { plain: 'Give 100 mg' },
    ],
    [
      'whose spaces change a number is what people saw',
      'Give 45 mg',
      'Give 4 5 mg',
      { plain: 'Give 4 5 mg' },
    ],
    ['without a body is read from its HTML', undefined, '<b>a</b>', { plain: 'a', html: '<b>a</b>' }],
    ['whose body is no text is read from its HTML', { a: 1 }, '<b>a</b>', { plain: 'a', html: '<b>a</b>' }],
    ['whose HTML shows nothing is its body', 'a', '<b> </b><script>x</script>', { plain: 'a' }],
    ['whose HTML is no text is its body', 'a', ['<b>'], { plain: 'a' }],
    ['whose HTML is null is its body', 'a', null, { plain: 'a' }],
    ['that shows nothing at all is none', ' ', '<p>\u200B</p>', undefined],
  ])('%s', (_, body, html, text) => {
    expect(formatted(body, html)).toEqual(text);
  });

  test.each([undefined, 'text/html', 'm.markdown', 7, null])('in the format %j is plain', (format) => {
    expect(formatted('a', '<b>b</b>', { format })).toEqual({ plain: 'a' });
  });
});

describe('a body that is no text, or shows nothing, is none', () => {
  test.each([
    undefined,
    null,
    7,
    true,
    [],
    ['a'],
    {},
    { body: 'a' },
    '',
    ' \n\t',
    '\u200B\u2060',
    '\u202E',
    '\0',
  ])('%j', (body) => {
    expect(readMatrixText({ msgtype: 'm.text', body })).toBeUndefined();
  });
});

describe('a reply', () => {
  const body = '> <@noor:a.example> quoted\n\nanswer';
  const html = '<mx-reply><blockquote>quoted</blockquote></mx-reply>answer';
  const relation = { 'm.relates_to': { 'm.in_reply_to': { event_id: '$e' } } };

  test('is read without the quote of what it answers', () => {
    expect(readMatrixText({ body, ...relation })).toEqual({ plain: 'answer' });
    expect(formatted(body, html, relation)).toEqual({ plain: 'answer' });
  });

  test.each([undefined, null, 'm.in_reply_to', 7, [], { rel_type: 'm.thread' }])(
    'is none by the relation %j: the quote stays',
    (given) => {
      expect(readMatrixText({ body, 'm.relates_to': given })).toEqual({ plain: body });
    },
  );
});

test('what is written is read as the same text', () => {
  const word = fc.constantFrom('10', 'mg', '<', '&', '"', '🩺', 'é', '#', '~', '*', '[a](b)');
  const plain = fc.array(word, { minLength: 1 }).map((list) => list.join(' '));
  const html = fc.array(fc.constantFrom('b', 'i', 'u', 'del', 'p', 'li', 'blockquote', 'td'), {
    minLength: 1,
  });
  fc.assert(
    fc.property(plain, (text) => {
      expect(readMatrixText(matrixText({ plain: text }))).toEqual({ plain: text });
    }),
  );
  fc.assert(
    fc.property(plain, html, (text, tags) => {
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      const sent = tags.reduce((inner, tag) => `<${tag}>${inner}</${tag}>`, escaped);
      const read = formatted(text, sent);
      expect(read === undefined ? undefined : readMatrixText(matrixText(read))).toEqual(read);
      for (const each of text.split(' ').filter((one) => /\w/.test(one))) expect(read?.plain).toContain(each);
    }),
  );
});
