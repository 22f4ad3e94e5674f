// Names as they are searched: words without accents and in lower case. And who may be searched for at all.
import type { DirectoryEntry } from './directory.ts';

/** The least letters of a search; fewer would list half the directory. */
const SHORTEST_TERM = 2;

/** The words of a name or of a search term: letters and digits only, without accents, in lower case. */
export function wordsOf(text: string): readonly string[] {
  const plain = text.normalize('NFKD').replace(/\p{M}+/gu, '');
  return plain.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Whether a name has, for each word of a term, a word that begins with it. */
export function isFoundBy(name: string, term: string): boolean {
  const words = wordsOf(name);
  return wordsOf(term).every((beginning) => words.some((word) => word.startsWith(beginning)));
}

/** Whether a search term is long enough to be answered. */
export function isSearchable(term: string): boolean {
  return wordsOf(term).some((word) => word.length >= SHORTEST_TERM);
}

/**
 * Whether a person may be searched for by name: professionals only, known by their resource or by a number or role that
 * only professionals have. Patients and relatives are found by their exact e-mail address, or not at all.
 */
export function isProfessional({ reference, threepids }: DirectoryEntry): boolean {
  return reference?.startsWith('Practitioner') === true || threepids.some(({ medium }) => medium !== 'email');
}

/** A name as it may be stored and shown: well-formed, without control characters, of a length that fits anywhere. */
export function cleanName(name: string | undefined): string | undefined {
  const clean = (name ?? '')
    .toWellFormed()
    .replace(/\p{C}+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200)
    .toWellFormed();
  return clean === '' ? undefined : clean;
}
