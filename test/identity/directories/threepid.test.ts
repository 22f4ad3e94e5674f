// What becomes of third-party identifiers as people and clients write them.
import { describe, expect, test } from 'vitest';
import { threepidOf } from '../../../src/identity/directories/threepid.ts';

/** The canonical address; undefined where it is no identifier. */
const read = (medium: string, address: string): string | undefined => threepidOf(medium, address)?.address;

describe('an e-mail address', () => {
  test.each([
    ['An.Jansen@HS.nl', 'an.jansen@hs.nl'],
    ['  an@hs.nl ', 'an@hs.nl'],
    ['STRAẞE@x.nl', 'strasse@x.nl'],
    ['straße@x.nl', 'strasse@x.nl'],
    ['ΑΣ@x.gr', 'ασ@x.gr'],
    // As Synapse: the dotless i stays one, so that nobody takes over another's address.
    ['mıke@x.nl', 'mıke@x.nl'],
    ['K@x.nl', 'k@x.nl'],
  ])('%s becomes %s', (address, canonical) => {
    expect(read('email', address)).toBe(canonical);
  });

  test.each([
    'an',
    '@hs.nl',
    'an@',
    'an@hs@nl',
    'an jansen@hs.nl',
    'an\u0000@hs.nl',
    'an\ud800@hs.nl',
    'an\u202e@hs.nl',
    `${'a'.repeat(496)}@h.nl`,
    '',
  ])('%j is none', (address) => {
    expect(read('email', address)).toBeUndefined();
  });
});

describe('numbers', () => {
  test.each([
    ['uzi_nr', '900000009', '900000009'],
    ['uzi_nr', '12345', '000012345'],
    ['UZI_NR', ' 900000009 ', '900000009'],
    ['ura_nr', '90000001', '90000001'],
    ['ura_nr', '1234', '00001234'],
    ['role_code', '01.015', '01.015'],
    ['role_code', '158965000', '158965000'],
  ])('%s %s becomes %s', (medium, address, canonical) => {
    expect(read(medium, address)).toBe(canonical);
  });

  test.each([
    ['uzi_nr', '1234567890'],
    ['uzi_nr', 'UZI-3'],
    ['uzi_nr', '12 34'],
    ['uzi_nr', '000000000'],
    ['uzi_nr', '٣٣٣'],
    ['ura_nr', '123456789'],
    ['role_code', '1.015'],
    ['role_code', '01.015 uziNr:900000009'],
    ['role_code', '12345'],
    ['role_code', '1234567890123456789'],
  ])('%s %s is none', (medium, address) => {
    expect(read(medium, address)).toBeUndefined();
  });
});

describe('numbers of citizens', () => {
  test.each(['bsn', 'BSN', 'pseudo_bsn', 'pseudo-bsn'])('are no medium: %s', (medium) => {
    expect(read(medium, '123456782')).toBeUndefined();
  });

  test('nor are telephone numbers known', () => {
    expect(read('msisdn', '31612345678')).toBeUndefined();
  });
});
