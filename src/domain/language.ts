// The languages in which the bridge speaks to people; `mapping/language/` has the words.

/** The languages, by their codes (BCP 47). */
export const LANGUAGES = ['nl', 'en'] as const;

export type Language = (typeof LANGUAGES)[number];
