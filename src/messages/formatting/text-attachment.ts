// A formatted text as FHIR holds it: an attachment with the HTML or Markdown in it.
import type { Attachment } from 'fhir/r4.js';
import { cleanText, isBlank } from './clean-text.ts';
import type { FormattedText } from './formatted-text.ts';
import { textOfHtml } from './html-to-text.ts';
import { htmlOfMarkdown } from './markdown.ts';
import { sanitiseHtml } from './sanitise-html.ts';

/** A longer text is a file. Reading HTML takes time with the square of its depth. */
const MAX_BYTES = 64 * 1024;

/** Character sets other than UTF-8, which is the default. */
const CHARACTER_SETS: ReadonlySet<string> = new Set(['utf-8', 'us-ascii', 'iso-8859-1', 'windows-1252']);

/**
 * Reads an attachment that is the text of a message: HTML or Markdown in `data`, without a title. One with a title is a file.
 * @returns undefined for other attachments, and where the text shows nothing
 */
export function readTextAttachment({ contentType, data, title }: Attachment): FormattedText | undefined {
  if (contentType === undefined || data === undefined || title !== undefined) return undefined;
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (type !== 'text/html' && type !== 'text/markdown') return undefined;
  const source = decoded(data, parameters);
  if (source === undefined) return undefined;
  if (type === 'text/html') {
    const html = sanitiseHtml(source);
    return shown(textOfHtml(html), html);
  }
  const html = htmlOfMarkdown(source);
  return html === undefined ? shown(cleanText(source)) : shown(textOfHtml(html), html);
}

/** The attachment that holds the HTML of a text. */
export function htmlAttachment(html: string): Attachment {
  return { contentType: 'text/html', data: Buffer.from(html).toString('base64') };
}

function decoded(data: string, parameters: readonly string[]): string | undefined {
  const charset = parameters.find((each) => each.startsWith('charset='))?.slice('charset='.length);
  const characters = charset?.replaceAll('"', '') ?? 'utf-8';
  const bytes = Buffer.from(data, 'base64');
  if (!CHARACTER_SETS.has(characters) || bytes.length > MAX_BYTES) return undefined;
  return new TextDecoder(characters).decode(bytes);
}

function shown(plain: string, html?: string): FormattedText | undefined {
  if (isBlank(plain)) return undefined;
  return html === undefined ? { plain } : { plain, html };
}
