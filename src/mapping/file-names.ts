// Names of files, as both sides may show them: without a path, without what the eye does not see, not too long.
import { holdsBsn } from './personal-number.ts';

/** In characters, the ending included. */
const LONGEST_NAME = 120;
/** A longer ending is none. */
const LONGEST_ENDING = 12;

/** Control characters, what changes the direction of writing, and what has no width: `exe.fdp` may look like `pdf.exe`. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

/**
 * Cleans the name of a file that others gave.
 * @returns undefined when nothing is left, or when the name is a citizen service number: then the file has no name
 */
export function cleanFileName(given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined;
  // What follows is far from the limit; so much is not worth the work.
  const last = given.slice(-4096).split(/[/\\]/).at(-1) ?? '';
  const name = last
    .replace(UNSEEN, '')
    .replace(/[\s<>:"|?*]+/gu, ' ')
    .trim()
    .replace(/^\.+/, '')
    .trim();
  return name === '' || /^\.*$/.test(name) || holdsBsn(stemOf(name)) ? undefined : shortened(name);
}

function stemOf(name: string): string {
  return name.slice(0, name.length - endingOf(name).length);
}

function endingOf(name: string): string {
  return /\.[^.\s]+$/.exec(name)?.[0] ?? '';
}

function shortened(name: string): string {
  const characters = Array.from(name);
  if (characters.length <= LONGEST_NAME) return name;
  const ending = endingOf(name);
  const kept = ending.length <= LONGEST_ENDING ? ending : '';
  return `${characters.slice(0, LONGEST_NAME - kept.length - 1).join('')}…${kept}`;
}
