// Takes the quote of the answered message off a reply, as clients before version 1.13 of the specification put it there.

/** The two forms of a text that may carry the quote. */
export interface QuotedForms {
  readonly body: string;
  /** The HTML as it was sent, unless there is none. */
  readonly html: string | undefined;
}

/** `> <@user:server> …`, or `> * <@user:server> …` where the answered message is an emote. */
const FIRST_LINE = /^> (?:\* )?<@[^\n>]+>/;

/**
 * The body without the quote. The HTML needs no such step: sanitising takes `mx-reply` out.
 * https://spec.matrix.org/v1.12/client-server-api/#fallbacks-for-rich-replies
 * @param forms of a message that has the relation of a reply; where its HTML has no `mx-reply`, the body has no fallback
 * @returns the body as it is where nothing would be left
 */
export function withoutReplyFallback({ body, html }: QuotedForms): string {
  if (!FIRST_LINE.test(body) || html?.includes('<mx-reply>') === false) return body;
  const lines = body.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('> '));
  if (end < 0) return body;
  const own = lines.slice(lines[end] === '' ? end + 1 : end).join('\n');
  return own.trim() === '' ? body : own;
}
