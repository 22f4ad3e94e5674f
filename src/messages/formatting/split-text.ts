// Divides a text that is too large for one event, so that nothing of it is cut.

/** Where a text is divided best: between paragraphs, lines, words; else anywhere between characters. */
const BREAKS = ['\n\n', '\n', ' '] as const;

/** Marks and joiners that belong to the character before them. */
const CONTINUES = /^[\p{M}\p{Emoji_Modifier}\u200D\uFE0F]/u;
const SECOND_HALF = /^[\uDC00-\uDFFF]/;

/**
 * Divides a text into parts that take no more room in JSON than this, in order. Only the white space at which it was divided
 * is left out.
 * @param maxBytes of a part, written as a JSON string in UTF-8; at least 64
 */
export function splitText(text: string, maxBytes: number): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  // A unit takes a byte at least: what is far too long need not be written out to know it.
  while (rest.length > maxBytes || bytesInJson(rest) > maxBytes) {
    const end = breakBefore(rest, lengthThatFits(rest, maxBytes));
    parts.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).replace(/^\s*\n|^ +/, '');
  }
  return [...parts, rest].filter((part) => part.trim() !== '');
}

/** The room that a text takes as a JSON string in UTF-8, without its quotes. */
export function bytesInJson(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** Of how many UTF-16 units a part of this size may consist. */
function lengthThatFits(text: string, maxBytes: number): number {
  let [fits, tooLong] = [0, Math.min(text.length, maxBytes) + 1];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (bytesInJson(text.slice(0, middle)) <= maxBytes) fits = middle;
    else tooLong = middle;
  }
  return fits;
}

/** The best place to divide in the second half of what fits. */
function breakBefore(text: string, fits: number): number {
  for (const separator of BREAKS) {
    const at = text.lastIndexOf(separator, fits);
    if (at >= fits / 2) return at;
  }
  let end = fits;
  const isWithinOne = (): boolean => {
    const after = text.slice(end, end + 2);
    return (
      SECOND_HALF.test(after) || (end > fits / 2 && (CONTINUES.test(after) || text[end - 1] === '\u200D'))
    );
  };
  while (isWithinOne()) end -= 1;
  return end;
}
