// Third-party identifiers as they come in: checked, and brought to the one form in which they are stored and compared.
import type { Medium, Threepid } from './directory.ts';

/** All media, in the order of https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md. */
export const MEDIA: readonly Medium[] = ['email', 'uzi_nr', 'ura_nr', 'role_code'];

/** Why an identifier is none. `message` is for the caller and never holds the address. */
interface ThreepidProblem {
  readonly code: 'medium-forbidden' | 'medium-unknown' | 'address-malformed';
  readonly message: string;
}

/** The canonical identifier, or what is wrong with it. */
type ParsedThreepid = { readonly threepid: Threepid } | { readonly problem: ThreepidProblem };

/** Synapse's limit (MAX_EMAIL_ADDRESS_LENGTH). */
const EMAIL_LENGTH = 500;
const EMAIL = /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u;
const ROLE_CODE = /^(?:\d{2}\.\d{3}|[1-9]\d{5,17})$/;
/** Citizen service numbers and their pseudonyms identify patients, so they are never media. */
const CITIZEN_MEDIUM = /bsn/i;

const EXPECTED: Readonly<Record<Medium, string>> = {
  email: `an e-mail address of at most ${EMAIL_LENGTH} characters, with one @ and no spaces`,
  uzi_nr: 'a UZI number of at most 9 digits',
  ura_nr: 'a URA number of at most 8 digits',
  role_code: 'a role code such as 01.015, or a SNOMED CT code of 6 to 18 digits',
};

const CANONICAL: Readonly<Record<Medium, (address: string) => string | undefined>> = {
  email: canonicalEmail,
  uzi_nr: (address) => paddedNumber(address, 9),
  ura_nr: (address) => paddedNumber(address, 8),
  role_code: (address) => (ROLE_CODE.test(address) ? address : undefined),
};

/**
 * Checks an identifier and makes it canonical: e-mail addresses in lower case, numbers with their leading zeros.
 * @param medium as received; matched in any case, as clients do
 */
export function parseThreepid(medium: string, address: string): ParsedThreepid {
  const known = MEDIA.find((candidate) => candidate === medium.toLowerCase());
  if (known === undefined) return { problem: mediumProblem(medium) };
  const canonical = CANONICAL[known](address.trim());
  if (canonical !== undefined) return { threepid: { medium: known, address: canonical } };
  return { problem: { code: 'address-malformed', message: `expected ${EXPECTED[known]}` } };
}

/** The canonical identifier; undefined when it is none. For the data of directories, which is sloppy at times. */
export function threepidOf(medium: Medium, address: string | undefined): Threepid | undefined {
  const parsed = address === undefined ? undefined : parseThreepid(medium, address);
  return parsed !== undefined && 'threepid' in parsed ? parsed.threepid : undefined;
}

function mediumProblem(medium: string): ThreepidProblem {
  if (CITIZEN_MEDIUM.test(medium)) {
    return { code: 'medium-forbidden', message: 'numbers of citizens are no third-party identifiers' };
  }
  return { code: 'medium-unknown', message: `expected one of the media ${MEDIA.join(', ')}` };
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
