// Tells a citizen service number (BSN) and its identifier systems, so that none is taken for a pseudonym.

const BSN_SYSTEMS = /(?:NamingSystem\/bsn\/?$)|(?:^|:)2\.16\.840\.1\.113883\.2\.4\.6\.3$/i;
/** What stands before a number in notations such as `bsn:123456782` or `system|123456782`. */
const BEFORE_NUMBER = /^.*[|:/=#]/s;

/** Tells whether the value is the URI or OID of the BSN's identifier system; the one of pseudonyms is another. */
export function isBsnSystem(value: string): boolean {
  return BSN_SYSTEMS.test(value.trim());
}

/**
 * Tells whether the value reads as a BSN: eight or nine digits, with or without separators and with or without
 * a system before them, which pass the test of eleven. One in eleven other numbers of that length does so too.
 */
export function looksLikeBsn(value: string): boolean {
  const digits = value.replace(BEFORE_NUMBER, '').replaceAll(/[\s.-]/g, '');
  if (!/^\d{8,9}$/.test(digits) || /^0+$/.test(digits)) return false;
  const weighted = Array.from(
    digits.padStart(9, '0'),
    (digit, index) => Number(digit) * (index === 8 ? -1 : 9 - index),
  );
  return weighted.reduce((sum, product) => sum + product, 0) % 11 === 0;
}

/** Tells whether a JSON value holds, anywhere, a BSN, the system of one, or a key named so. */
export function holdsBsn(value: unknown): boolean {
  if (typeof value === 'string') return isBsnSystem(value) || looksLikeBsn(value);
  if (typeof value === 'number') return looksLikeBsn(String(value));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, child]) => /^bsn$/i.test(key) || looksLikeBsn(key) || holdsBsn(child),
  );
}
