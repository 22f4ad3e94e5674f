// HTML as text: what it says is said without formatting too.
import { describe, expect, test } from 'vitest';
import { sanitiseHtml } from '../../../src/messages/formatting/sanitise-html.ts';
import { textOfHtml } from '../../../src/messages/formatting/html-to-text.ts';
import { cpuMs } from '../../builders/cpu-time.ts';

const textOf = (html: string) => textOfHtml(sanitiseHtml(html));

describe('what formatting says is written out', () => {
  test.each([
    ['what was struck out', '<del>10 mg</del> 20 mg', '~~10 mg~~ 20 mg'],
    ['… by other tags', '<s>a</s> <strike>b</strike>', '~~a~~ ~~b~~'],
    ['… with spaces inside', 'give<del> 10 mg </del>20 mg', 'give ~~10 mg~~ 20 mg'],
    ['… over paragraphs', '<del><p>a</p><p>b</p></del>', '~~a~~\n\n~~b~~'],
    ['… empty', 'a<del> </del>b', 'a b'],
    ['powers', '10<sup>6</sup>/l and 10<sup>-3</sup>', '10⁶/l and 10⁻³'],
    ['indices', 'H<sub>2</sub>O, SpO<sub>2</sub>', 'H₂O, SpO₂'],
    ['raised and lowered words', 'x<sup>note a</sup> T<sub>max</sub>', 'x^(note a) T_(max)'],
    [
      'emphasis by its words',
      '<b>do <i>not</i></b> <u>give</u> <strong>x</strong><em>y</em>',
      'do not give xy',
    ],
    ['code', 'run <code>a  b</code>', 'run a b'],
    ['preformatted text', 'a<pre><code>b\n  c\n\nd\n</code></pre>e', 'a\n\nb\n  c\n\nd\n\ne'],
    ['hidden text', '<span data-mx-spoiler="why">secret</span>', 'secret'],
    ['a fold', '<details><summary>More</summary>text</details>', 'More\ntext'],
  ])('%s', (_, html, text) => {
    expect(textOf(html)).toBe(text);
  });
});

describe('lines, lists and tables', () => {
  test.each([
    ['line breaks', 'a<br>b<br/>c', 'a\nb\nc'],
    ['paragraphs', '<p>a</p><p>b</p>', 'a\n\nb'],
    ['divisions', '<div>a</div><div>b</div>', 'a\nb'],
    ['white space between tags', ' <p> a\n b </p>\n<p>c</p> ', 'a b\n\nc'],
    ['headings', '<h1>a</h1>b', 'a\n\nb'],
    ['a rule', 'a<hr>b', 'a\n\n---\n\nb'],
    ['a quote', '<blockquote><p>a</p><p>b<br>c</p></blockquote>d', '> a\n> \n> b\n> c\n\nd'],
    ['a quote in a quote', '<blockquote>a<blockquote>b</blockquote></blockquote>', '> a\n> \n> > b'],
    ['a list', 'x<ul><li>a</li><li>b</li></ul>y', 'x\n\n- a\n- b\n\ny'],
    ['a numbered list', '<ol><li>a</li><li>b</li></ol>', '1. a\n2. b'],
    ['a numbered list that goes on', '<ol start="9"><li>a</li><li>b</li></ol>', '9. a\n10. b'],
    ['a list in a list', '<ul><li>a<ol><li>b<br>c</li></ol></li></ul>', '- a\n  1. b\n     c'],
    ['paragraphs in a list', '<ul><li><p>a</p><p>b</p></li><li>c</li></ul>', '- a\n\n  b\n- c'],
    ['an item without a list', '<li>a</li><li>b</li>', '- a\n- b'],
    ['text in a list that is no item', '<ul>a<li>b</li></ul>', 'a\n- b'],
    [
      'a table',
      '<table><caption>Doses</caption><thead><tr><th>Drug</th><th>Dose</th></tr></thead>' +
        '<tbody><tr><td>A</td><td>10<br>20</td></tr><tr><td></td><td>5</td></tr></tbody></table>',
      'Doses\nDrug | Dose\nA | 10 / 20\n | 5',
    ],
    ['cells without a row', '<table><td>10</td><td>20</td></table>', '10\n20'],
    ['text in a row that is no cell', '<table><tr>a<td>b</td></tr></table>', 'a | b'],
  ])('%s', (_, html, text) => {
    expect(textOf(html)).toBe(text);
  });
});

describe('links', () => {
  test.each([
    [
      'a link under words, with its address',
      '<a href="https://a.example/x">here</a>',
      'here (https://a.example/x)',
    ],
    [
      'a link that shows its address',
      '<a href="https://a.example">https://a.example</a>',
      'https://a.example',
    ],
    [
      'a link that shows another address',
      '<a href="https://evil.example/">https://bank.example</a>',
      'https://bank.example (https://evil.example/)',
    ],
    ['a mail address', '<a href="mailto:a@a.example">a@a.example</a>', 'a@a.example'],
    ['a mail address under words', '<a href="mailto:a@a.example">Noor</a>', 'Noor (mailto:a@a.example)'],
    ['a mention', '<a href="https://matrix.to/#/@noor:a.example">Noor</a>', 'Noor'],
    [
      'a place that only looks like a mention',
      '<a href="https://matrix.to.evil/#/@a">N</a>',
      'N (https://matrix.to.evil/#/@a)',
    ],
    ['a link that goes nowhere', '<a href="javascript:alert(1)">x</a>', 'x'],
    ['a link without text', 'a<a href="https://a.example/"></a>b', 'ab'],
    [
      'a link around a picture',
      '<a href="https://a.example/"><img alt="map"></a>',
      '[map] (https://a.example/)',
    ],
  ])('%s', (_, html, text) => {
    expect(textOf(html)).toBe(text);
  });
});

describe('size and depth', () => {
  test.each([
    ['quotes in quotes', '<blockquote>'.repeat(40) + 'a<br>'.repeat(12_000)],
    ['lists in lists', '<ul><li>'.repeat(20) + 'a<br>'.repeat(12_000)],
    ['spaces', `${' '.repeat(65_000)}a`],
    ['preformatted lines', `<pre>a${'\n'.repeat(65_000)}b</pre>`],
    ['tags around spaces', '<b> </b>'.repeat(8_000)],
    ['rows', '<tr><td>a'.repeat(7_000)],
    ['cells without a row', '<td>a'.repeat(12_000)],
  ])('64 KiB of %s are read within two seconds, into no more than FHIR takes', (_, html) => {
    const before = cpuMs();
    expect(textOf(html).length).toBeLessThan(1_048_576);
    expect(cpuMs() - before).toBeLessThan(2000);
  });
});
