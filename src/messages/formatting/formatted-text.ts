// A text with its formatting, in the form that both sides have in common.

/** A text, with its formatting where it has one. */
export interface FormattedText {
  /** The whole text: it says what the HTML says, to a reader who sees no formatting. */
  readonly plain: string;
  /** Sanitised HTML of the same text. */
  readonly html?: string;
}

/** The texts as one, each in lines of its own; undefined when there is none. */
export function joinTexts(texts: readonly FormattedText[]): FormattedText | undefined {
  const [first, ...others] = texts;
  if (first === undefined || others.length === 0) return first;
  const plain = texts.map((text) => text.plain).join('\n');
  return texts.every(({ html }) => html === undefined)
    ? { plain }
    : { plain, html: texts.map(htmlOf).join('<br />') };
}

/** The text with something before it. */
export function withPrefix(prefix: string, { plain, html }: FormattedText): FormattedText {
  return {
    plain: `${prefix}${plain}`,
    ...(html !== undefined && { html: `${asHtml(prefix)}${html}` }),
  };
}

/** Whether two texts differ in white space alone. */
export function saysTheSame(one: string, other: string): boolean {
  return inOneLine(one) === inOneLine(other);
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function htmlOf({ plain, html }: FormattedText): string {
  return html ?? asHtml(plain);
}

function asHtml(plain: string): string {
  const escaped = plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped.replaceAll('\n', '<br />');
}
