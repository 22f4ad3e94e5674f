// Reads Markdown, as platforms write it into text/markdown.
import MarkdownIt from 'markdown-it';
import { sanitiseHtml } from './sanitise-html.ts';
import { textOfHtml } from './html-to-text.ts';

/**
 * Tags in the text are text. A line feed ends a line, as the one who wrote "10 mg" below "20 mg" meant it. `[name]: text` is no
 * link definition, which would not be shown; `![]()` is no picture.
 */
const markdown = new MarkdownIt({ html: false, linkify: false, breaks: true }).disable([
  'image',
  'reference',
]);

/**
 * The HTML of Markdown, sanitised.
 * @returns undefined where the Markdown is to be shown as it was written, because words of it would not be shown
 */
export function htmlOfMarkdown(source: string): string | undefined {
  const html = sanitiseHtml(markdown.render(source));
  return showsAllWords(source, textOfHtml(html)) ? html : undefined;
}

/** Cells beyond the head of a table, words at the head of a code block, and what nests too deep are not shown. */
function showsAllWords(source: string, shown: string): boolean {
  const left = countWords(shown);
  const withoutNumbers = source.replace(/^[ \t>*+-]*\d{1,9}[.)](?=\s)/gm, '');
  for (const [word, count] of countWords(withoutNumbers)) if ((left.get(word) ?? 0) < count) return false;
  return true;
}

function countWords(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
