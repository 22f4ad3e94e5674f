// JSON as the text that goes over the network, with what no tree can hold.

/** Stands for a number that is too large for any program to hold. */
export const OVERFLOW = 8_675_309_867_530;
const DEEP = /"\u{E001}(\d+)"/gu;
const SAME_KEY = '\u{E000}again:';

/** A key that becomes, in the text, the same as another that the object has. */
export function sameKey(key: string): string {
  return `${SAME_KEY}${key}`;
}

/** Stands for a list in a list in a list, so many times that most programs cannot write it, or walk through it. */
export function deep(levels: number): string {
  return `\u{E001}${levels}`;
}

/** Any value as the text that is sent. */
export function textOf(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(String(OVERFLOW), '1e999')
    .replaceAll(SAME_KEY, '')
    .replaceAll(DEEP, (_, levels: string) => '['.repeat(Number(levels)) + ']'.repeat(Number(levels)));
}
