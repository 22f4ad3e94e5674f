// Recognises citizen service numbers (BSN) and their identifier systems, so that none is taken for a pseudonym.

const BSN_SYSTEMS = /(?:NamingSystem\/bsn\/?$)|(?:^|:)2\.16\.840\.1\.113883\.2\.4\.6\.3$/i;
/** The part before the number in notations such as `bsn:123456782` or `system|123456782`. */
const BEFORE_NUMBER = /^.*[|:/=#]/s;

/** Whether the value is the URI or OID of the identifier system of BSNs. Pseudonyms have another system. */
function isBsnSystem(value: string): boolean {
  return BSN_SYSTEMS.test(value.trim());
}

/**
 * Whether the value can be a BSN: eight or nine digits that pass the eleven test, with or without separators, and with or
 * without a system before them. One in eleven other numbers of that length passes the test too.
 */
function looksLikeBsn(value: string): boolean {
  const digits = value.replace(BEFORE_NUMBER, '').replaceAll(/[\s.-]/g, '');
  if (!/^\d{8,9}$/.test(digits) || /^0+$/.test(digits)) return false;
  const weighted = Array.from(
    digits.padStart(9, '0'),
    (digit, index) => Number(digit) * (index === 8 ? -1 : 9 - index),
  );
  return weighted.reduce((sum, product) => sum + product, 0) % 11 === 0;
}

/** Whether a JSON value holds, at any depth, a BSN, the identifier system of BSNs, or a key named `bsn`. */
export function holdsBsn(value: unknown): boolean {
  if (typeof value === 'string') return isBsnSystem(value) || looksLikeBsn(value);
  if (typeof value === 'number') return looksLikeBsn(String(value));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, child]) => /^bsn$/i.test(key) || looksLikeBsn(key) || holdsBsn(child),
  );
}
