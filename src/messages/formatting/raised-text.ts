// Writes raised and lowered text so that 10⁶ does not become 106.

const DIGITS = '0123456789+-=()';
const RAISED = Array.from('⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾');
const LOWERED = Array.from('₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎');

/** Raised text: by the characters that Unicode has for digits and signs, else `^(…)`. */
export function raised(text: string): string {
  return inCharacters(text, RAISED) ?? `^(${text})`;
}

/** Lowered text: by the characters that Unicode has for digits and signs, else `_(…)`. */
export function lowered(text: string): string {
  return inCharacters(text, LOWERED) ?? `_(${text})`;
}

function inCharacters(text: string, characters: readonly string[]): string | undefined {
  const written = Array.from(text.replaceAll('−', '-'), (character) => characters[DIGITS.indexOf(character)]);
  return written.includes(undefined) ? undefined : written.join('');
}
