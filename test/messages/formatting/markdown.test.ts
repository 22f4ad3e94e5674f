// Markdown of a platform, also hostile: it becomes HTML only where nothing of it is lost.
import { describe, expect, test } from 'vitest';
import { htmlOfMarkdown } from '../../../src/messages/formatting/markdown.ts';
import { cpuMs } from '../../builders/cpu-time.ts';

describe('formatting becomes HTML', () => {
  test.each([
    ['emphasis', '**a** *b* ~~c~~', '<p><strong>a</strong> <em>b</em> <s>c</s></p>'],
    ['lines', '10 mg\n20 mg', '<p>10 mg<br />\n20 mg</p>'],
    ['paragraphs', 'a\n\nb', '<p>a</p>\n<p>b</p>'],
    ['a heading', '# a', '<h1>a</h1>'],
    ['a list', '- a\n- b', '<ul>\n<li>a</li>\n<li>b</li>\n</ul>'],
    ['a numbered list', '3. a\n4. b', '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'],
    ['a numbered list that counts nothing', '1. a\n1. b', '<ol>\n<li>a</li>\n<li>b</li>\n</ol>'],
    ['a quote', '> a', '<blockquote>\n<p>a</p>\n</blockquote>'],
    ['code', '`a`', '<p><code>a</code></p>'],
    ['a code block', '```\na\n```', '<pre><code>a\n</code></pre>'],
    ['a link', '[a](https://a.example/b)', '<p><a href="https://a.example/b">a</a></p>'],
    [
      'a table',
      '| a | b |\n|---|---|\n| 1 | 2 |',
      '<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n' +
        '<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>',
    ],
  ])('%s', (_, markdown, html) => {
    expect(htmlOfMarkdown(markdown)).toBe(html);
  });
});

describe('what could run or load is text', () => {
  test.each([
    ['a script', '<script>alert(1)</script>', '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>'],
    ['a tag with a handler', '<b onclick=alert(1)>a</b>', '<p>&lt;b onclick=alert(1)&gt;a&lt;/b&gt;</p>'],
    ['a block of HTML', '<div>\n\na', '<p>&lt;div&gt;</p>\n<p>a</p>'],
    ['a comment', '<!-- a -->', '<p>&lt;!-- a --&gt;</p>'],
    ['a link that runs', '[a](javascript:alert(1))', '<p>[a](javascript:alert(1))</p>'],
    ['… in other letters', '[a](JaVaScRiPt:alert(1))', '<p>[a](JaVaScRiPt:alert(1))</p>'],
    ['… with entities', '[a](javascript&colon;alert(1))', undefined],
    ['… as data', '[a](data:text/html;base64,PHN2Zz4=)', '<p>[a](data:text/html;base64,PHN2Zz4=)</p>'],
    ['… in angle brackets', '<javascript:alert(1)>', '<p>&lt;javascript:alert(1)&gt;</p>'],
    ['a picture', '![a](https://evil.example/a.png)', '<p>!<a href="https://evil.example/a.png">a</a></p>'],
    ['a bare address', 'https://a.example', '<p>https://a.example</p>'],
    ['a code block that names a class', '```"onclick="a\nb\n```', undefined],
  ])('%s', (_, markdown, html) => {
    expect(htmlOfMarkdown(markdown)).toBe(html);
  });
});

describe('what reading Markdown would lose stays as it was written', () => {
  test.each([
    ['a definition of a link is text', '[Medication]: 10 mg', '<p>[Medication]: 10 mg</p>'],
    [
      'a link by reference is text',
      '[a][b]\n\n[b]: https://a.example',
      '<p>[a][b]</p>\n<p>[b]: https://a.example</p>',
    ],
    ['cells beyond the head of a table', '| a |\n|---|\n| 10 | 20 |', undefined],
    ['words beside a code block', '```js 10 mg\na\n```', undefined],
    ['a title of a link', '[a](https://a.example "10 mg")', undefined],
    ['a link that goes nowhere', '[a](relative/10mg)', undefined],
    ['quotes that nest too deep', `${'>'.repeat(200)} 10 mg`, undefined],
  ])('%s', (_, markdown, html) => {
    expect(htmlOfMarkdown(markdown)).toBe(html);
  });
});

describe('size and depth', () => {
  test.each([
    ['brackets', '['.repeat(65_536)],
    ['stars', '*a_ '.repeat(16_000)],
    ['back ticks', '`a``'.repeat(16_000)],
    ['quotes', '>'.repeat(65_536)],
    ['lists', '- '.repeat(32_000)],
    ['links', '[a](<b'.repeat(10_000)],
    ['tildes', '~~a'.repeat(20_000)],
    ['entities', '&'.repeat(65_536)],
    ['line feeds', `${'\n'.repeat(65_000)}a`],
    ['bars', 'a|b\n-|-\n' + '|'.repeat(60_000)],
  ])('64 KiB of %s are read within five seconds', (_, markdown) => {
    const before = cpuMs();
    htmlOfMarkdown(markdown);
    expect(cpuMs() - before).toBeLessThan(5000);
  });
});
