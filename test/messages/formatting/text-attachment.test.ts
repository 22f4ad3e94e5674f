// Formatted text in an attachment: what is read as the text of a message, and what stays a file.
import { describe, expect, test } from 'vitest';
import { htmlAttachment, readTextAttachment } from '../../../src/messages/formatting/text-attachment.ts';
import { cpuMs } from '../../builders/cpu-time.ts';

const base64 = (text: string, encoding: BufferEncoding = 'utf8') =>
  Buffer.from(text, encoding).toString('base64');

describe('HTML and Markdown in the attachment are the text', () => {
  test.each([
    ['HTML', 'text/html', '<b>a</b>', { plain: 'a', html: '<b>a</b>' }],
    [
      'a whole page',
      'text/html',
      '<html><head><title>t</title></head><body><p>a</p></body></html>',
      { plain: 'a', html: '<p>a</p>' },
    ],
    ['Markdown', 'text/markdown', '**a**', { plain: 'a', html: '<p><strong>a</strong></p>' }],
    [
      'Markdown that would lose something',
      'text/markdown',
      '| a |\n|---|\n| 1 | 2 |',
      { plain: '| a |\n|---|\n| 1 | 2 |' },
    ],
    ['a type with parameters', 'Text/HTML; charset="UTF-8"', 'é', { plain: 'é', html: 'é' }],
    ['Markdown of a variant', 'text/markdown;variant=GFM', 'a', { plain: 'a', html: '<p>a</p>' }],
    [
      'hostile HTML',
      'text/html',
      '<img src=x onerror=alert(1)><a href="javascript:alert(1)">a</a>',
      { plain: '[image]a', html: '<span>[image]</span><a>a</a>' },
    ],
    ['hidden characters', 'text/html', 'give \u202E01&#x202E;\0', { plain: 'give 01', html: 'give 01' }],
  ])('%s', (_, contentType, source, text) => {
    expect(readTextAttachment({ contentType, data: base64(source) })).toEqual(text);
  });

  test.each(['iso-8859-1', 'windows-1252', 'ISO-8859-1'])('in the character set %s', (charset) => {
    const data = base64('é', 'latin1');
    expect(readTextAttachment({ contentType: `text/html; charset=${charset}`, data })?.plain).toBe('é');
  });

  test('bytes that are no UTF-8 become replacement characters', () => {
    expect(readTextAttachment({ contentType: 'text/html', data: base64('é', 'latin1') })?.plain).toBe(
      '\uFFFD',
    );
  });
});

describe('it stays a file', () => {
  const html = { contentType: 'text/html', data: base64('<b>a</b>') };
  test.each([
    ['with a title', { ...html, title: 'letter.html' }],
    ['without data', { contentType: 'text/html', url: 'https://a.example/a.html' }],
    ['without type', { data: html.data }],
    ['of another type', { ...html, contentType: 'text/plain' }],
    ['of a type that only begins so', { ...html, contentType: 'text/html+xml' }],
    ['in another character set', { ...html, contentType: 'text/html; charset=utf-7' }],
    ['that shows nothing', { ...html, data: base64('<p> </p><script>a</script>') }],
    ['that is empty', { ...html, data: '' }],
    ['whose data is no base64', { ...html, data: '!!!' }],
    ['that is too long', { ...html, data: base64('a'.repeat(65_537)) }],
  ])('%s', (_, attachment) => {
    expect(readTextAttachment(attachment)).toBeUndefined();
  });
});

test('what is written is read as the same', () => {
  const html = '<b>é 🩺</b> &amp;';
  expect(readTextAttachment(htmlAttachment(html))).toEqual({ plain: 'é 🩺 &', html });
});

test.each([
  ['tags that open', '<b>'.repeat(21_000), 'text/html'],
  ['brackets', '<'.repeat(65_536), 'text/html'],
  ['Markdown emphasis', '*a_ '.repeat(16_000), 'text/markdown'],
])('the largest text of %s is read within five seconds', (_, source, contentType) => {
  const before = cpuMs();
  readTextAttachment({ contentType, data: base64(source) });
  expect(cpuMs() - before).toBeLessThan(5000);
});
