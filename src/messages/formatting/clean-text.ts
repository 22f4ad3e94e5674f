// Takes out of a text what no one can see, but what changes how it is shown or cannot be stored.

/** Ends of lines other than the line feed: CR LF, CR, NEL, the line and paragraph separators, vertical tab, form feed. */
const LINE_ENDS = /\r\n|[\r\u0085\u2028\u2029\v\f]/gu;

/** C0 and C1 controls but tab and line feed, and noncharacters: PostgreSQL's JSON and FHIR's XML refuse some of them. */
const CONTROLS = /(?![\t\n])\p{Cc}|\p{Noncharacter_Code_Point}/gu;

/**
 * Embeddings, overrides and isolates of the bidirectional algorithm (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters):
 * they can show "10 mg" as "gm 01", also beyond the end of the message. The marks LRM, RLM and ALM stay.
 */
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/gu;

/** Tag characters are invisible text, but for the flags of England, Scotland and Wales, which are spelled with them. */
const TAG_CHARACTERS = /(\u{1F3F4}[\u{E0020}-\u{E007E}]+\u{E007F})|[\u{E0000}-\u{E007F}]/gu;

/** Nothing but spaces and characters that show nothing: joiners, variation selectors, fillers, the blank of Braille. */
const BLANK = /^[\s\u2800\p{Default_Ignorable_Code_Point}]*$/u;

/**
 * The text with line feeds as its only ends of lines, without control characters, noncharacters, bidirectional controls and
 * invisible tags; half a surrogate pair becomes U+FFFD. Cleaning a clean text changes nothing.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(LINE_ENDS, '\n')
    .replace(CONTROLS, '')
    .replace(BIDI_CONTROLS, '')
    .replace(TAG_CHARACTERS, '$1');
}

/** Whether a text shows nothing. */
export function isBlank(text: string): boolean {
  return BLANK.test(text);
}
