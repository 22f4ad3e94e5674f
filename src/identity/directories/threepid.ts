// Third-party identifiers as they come in: checked, and brought to the one form in which they are stored and compared.
import type { ContactPoint } from 'fhir/r4.js';
import type { Medium, Threepid } from './directory.ts';

/** All media, in the order of https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md. */
export const MEDIA: readonly Medium[] = ['email', 'uzi_nr', 'ura_nr', 'role_code'];

/** Synapse's limit (MAX_EMAIL_ADDRESS_LENGTH). */
const EMAIL_LENGTH = 500;
const EMAIL = /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u;
const ROLE_CODE = /^(?:\d{2}\.\d{3}|[1-9]\d{5,17})$/;
const CANONICAL: Readonly<Record<Medium, (address: string) => string | undefined>> = {
  email: canonicalEmail,
  uzi_nr: (address) => paddedNumber(address, 9),
  ura_nr: (address) => paddedNumber(address, 8),
  role_code: (address) => (ROLE_CODE.test(address) ? address : undefined),
};

/**
 * Checks an identifier and makes it canonical: e-mail addresses in lower case, numbers with their leading zeros.
 * @param medium as received; matched in any case, as clients do
 * @returns undefined for an unknown medium or a malformed address
 */
export function threepidOf(medium: string, address: string | undefined): Threepid | undefined {
  const known = MEDIA.find((candidate) => candidate === medium.toLowerCase());
  if (known === undefined || address === undefined) return undefined;
  const canonical = CANONICAL[known](address.trim());
  return canonical === undefined ? undefined : { medium: known, address: canonical };
}

/** The e-mail addresses among contacts. */
export function emailsIn(contacts: readonly ContactPoint[]): readonly Threepid[] {
  return contacts.flatMap(({ system, value }) =>
    system === 'email' ? (threepidOf('email', value) ?? []) : [],
  );
}

function paddedNumber(address: string, digits: number): string | undefined {
  if (!/^\d+$/.test(address) || address.length > digits || /^0+$/.test(address)) return undefined;
  return address.padStart(digits, '0');
}

/** What Synapse does (`canonicalise_email`): the local part is case-folded, the domain put in lower case. */
function canonicalEmail(address: string): string | undefined {
  if (address.length > EMAIL_LENGTH || !EMAIL.test(address)) return undefined;
  const [localpart = '', domain = ''] = address.split('@');
  const canonical = `${caseFold(localpart)}@${domain.toLowerCase()}`;
  return canonical.length > EMAIL_LENGTH ? undefined : canonical;
}

/**
 * Unicode case folding as Python's `casefold`, character by character; checked against it for all of Unicode 14 but
 * Cherokee, which folds to itself here in lower case and there in upper case. The dotless i must not become an i:
 * two people's addresses would be one.
 */
function caseFold(text: string): string {
  return Array.from(text, (character) => {
    if (character === 'ı') return character;
    if (character === 'ẞ') return 'ss';
    return character.toUpperCase().toLowerCase();
  }).join('');
}
