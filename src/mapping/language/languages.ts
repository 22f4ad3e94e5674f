// The list of languages. To add one: its code in `domain/language.ts`, a file with its texts, a line here.
import type { Language } from '../../domain/language.ts';
import { en } from './en.ts';
import { nl } from './nl.ts';
import type { Texts } from './texts.ts';

/** The texts of each language. */
export const TEXTS: Readonly<Record<Language, Texts>> = { nl, en };
