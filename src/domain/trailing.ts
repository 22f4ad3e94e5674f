// Takes off what a text ends with, in one pass: a regular expression for that takes time that grows with the square of the text.

/** The text without the character at its end, however often it stands there. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}
