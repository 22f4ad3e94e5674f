// Reads and writes the text of a Matrix event: `body` and, for formatted text, `formatted_body`.
import { cleanText, isBlank } from './clean-text.ts';
import { saysTheSame, type FormattedText } from './formatted-text.ts';
import { textOfHtml } from './html-to-text.ts';
import { withoutReplyFallback } from './reply-fallback.ts';
import { sanitiseHtml } from './sanitise-html.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes */
const HTML_FORMAT = 'org.matrix.custom.html';

/** A tag that says more than the line feeds of plain text do. */
const FORMATTING = /<(?!br \/>|\/?p>|\/?span>)/;

/**
 * The text of an event's content, without the quoted fallback of a reply. Where there is HTML, it is what people saw: the plain
 * text is then made of it, unless `body` differs in white space alone.
 * @returns undefined where there is no text that shows anything
 */
export function readMatrixText(content: Readonly<Record<string, unknown>>): FormattedText | undefined {
  const sent = content['format'] === HTML_FORMAT ? stringIn(content, 'formatted_body') : undefined;
  const body = cleanText(stringIn(content, 'body') ?? '');
  const own = isReply(content) ? withoutReplyFallback({ body, html: sent }) : body;
  const html = sent === undefined ? '' : sanitiseHtml(sent);
  const shown = textOfHtml(html);
  if (isBlank(shown)) return isBlank(own) ? undefined : { plain: own };
  const plain = saysTheSame(shown, own) ? own : shown;
  return FORMATTING.test(html) ? { plain, html } : { plain };
}

/** The keys of an event's content that show a text. */
export function matrixText({ plain, html }: FormattedText): Readonly<Record<string, string>> {
  return html === undefined ? { body: plain } : { body: plain, format: HTML_FORMAT, formatted_body: html };
}

function isReply({ 'm.relates_to': relation }: Readonly<Record<string, unknown>>): boolean {
  return typeof relation === 'object' && relation !== null && 'm.in_reply_to' in relation;
}

function stringIn(content: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = content[key];
  return typeof value === 'string' ? value : undefined;
}
