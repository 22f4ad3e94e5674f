// Reduces HTML to what a message may hold, whichever side it comes from.
import { Parser } from 'htmlparser2';
import sanitizeHtml, { type Attributes, type IOptions, type Tag } from 'sanitize-html';
import { cleanText, isBlank } from './clean-text.ts';

/**
 * The tags of https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes but `img`: a picture in a text is a file
 * of a homeserver, which the other side cannot read, or a file elsewhere, which tells its owner who reads.
 */
const TAGS = [
  ...['del', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'p', 'a', 'ul', 'ol', 'sup', 'sub', 'li'],
  ...['b', 'i', 'u', 'strong', 'em', 's', 'code', 'hr', 'br', 'div', 'table', 'thead', 'tbody', 'tr', 'th'],
  ...['td', 'caption', 'pre', 'span', 'details', 'summary'],
];

/** Their content is no text of the message; `mx-reply` is the quoted fallback of a reply. */
const WITHOUT_TEXT = ['script', 'style', 'title', 'textarea', 'option', 'noscript', 'xmp', 'mx-reply'];

/** The specification allows 100; what people write stays far below, and each level costs time and indentation. */
const MAX_DEPTH = 40;

/** Values of attributes that have to have a form. */
const FORMS: Readonly<Record<string, RegExp>> = {
  'data-mx-color': /^#[0-9a-f]{6}$/i,
  'data-mx-bg-color': /^#[0-9a-f]{6}$/i,
  start: /^-?\d{1,9}$/,
};

const SCHEMES: ReadonlySet<string> = new Set(['https:', 'http:', 'ftp:', 'mailto:', 'magnet:']);

/** An emoji of a pack of one's own is part of the words; another picture is marked as such. */
function pictureAsText(_: string, attributes: Attributes): Tag {
  const { alt = '', title = '', 'data-mx-emoticon': emoticon } = attributes;
  const description = [alt, title].find((text) => !isBlank(text)) ?? 'image';
  return { tagName: 'span', attribs: {}, text: emoticon === undefined ? `[${description}]` : description };
}

const OPTIONS: IOptions = {
  allowedTags: TAGS,
  nonTextTags: WITHOUT_TEXT,
  allowedAttributes: {
    a: ['href'],
    ol: ['start'],
    code: ['class'],
    span: ['data-mx-bg-color', 'data-mx-color', 'data-mx-spoiler', 'data-mx-maths'],
    div: ['data-mx-maths'],
  },
  allowedClasses: { code: [/^language-[\w+#-]{1,32}$/] },
  allowedSchemes: [...SCHEMES].map((scheme) => scheme.slice(0, -1)),
  allowProtocolRelative: false,
  transformTags: {
    a: (tagName, { href }): Tag => ({ tagName, attribs: href === undefined ? {} : linkTo(href) }),
    ol: wellFormed,
    span: wellFormed,
    // Both are of older versions of the specification.
    font: (_, attributes): Tag => wellFormed('span', { 'data-mx-color': attributes['color'], ...attributes }),
    strike: 's',
    img: pictureAsText,
  },
};

/** For HTML that nests too deep. Only spans in the place of pictures are left, so that nothing nests. */
const TEXT_ALONE: IOptions = {
  ...{ allowedTags: ['span', 'br'], allowedAttributes: {}, nonTextTags: WITHOUT_TEXT },
  transformTags: { img: pictureAsText, span: 'div' },
};

/**
 * The HTML with the permitted tags and attributes alone, closed where it was not, and clean as `cleanText` makes it. The text
 * in other tags stays, but for scripts, styles and the like. Pictures become their description. Where tags nest deeper
 * than 40 levels, only the text stays.
 */
export function sanitiseHtml(html: string): string {
  return cleanText(sanitizeHtml(html, depthOf(html) > MAX_DEPTH ? TEXT_ALONE : OPTIONS)).trim();
}

function depthOf(html: string): number {
  let [depth, deepest] = [0, 0];
  const parser = new Parser({
    onopentag: () => (deepest = Math.max(deepest, ++depth)),
    onclosetag: () => (depth -= 1),
  });
  parser.end(html);
  return deepest;
}

function linkTo(href: string): Attributes {
  const url = URL.parse(cleanText(href).trim());
  return url !== null && SCHEMES.has(url.protocol) ? { href: url.href } : {};
}

function wellFormed(tagName: string, attributes: Record<string, string | undefined>): Tag {
  const attribs: Attributes = {};
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && FORMS[name]?.test(value) !== false) attribs[name] = value;
  return { tagName, attribs };
}
