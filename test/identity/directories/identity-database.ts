// The tables of identities for tests: short ways in.
import type pg from 'pg';
import type { MatrixUserId } from '../../../src/domain/ids.ts';
import { createLocalDirectory } from '../../../src/identity/directories/local.ts';
import type { Directory, Threepid } from '../../../src/identity/directories/directory.ts';
import { wordsOf } from '../../../src/identity/directories/names.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import * as identities from '../../../src/store/identities.ts';
import type { IdentityRecord } from '../../../src/store/identity-records.ts';
import { saveIdentityRecords } from '../../../src/store/identity-records.ts';

/** The local directory on this pool. */
export function localDirectory(pool: pg.Pool): Directory {
  return createLocalDirectory({ db: pool, store: identities });
}

/** A record as the sync writes it: `email an@hs.nl` is an address. */
export function record(
  key: string,
  userId: string,
  addresses: readonly string[],
  displayName?: string,
): IdentityRecord {
  return {
    key,
    userId: userId as MatrixUserId,
    displayName,
    reference: undefined,
    addresses: addresses.map(threepid),
    words: displayName === undefined ? [] : wordsOf(displayName),
  };
}

/** `uzi_nr 900000009` as a third-party identifier. */
export function threepid(text: string): Threepid {
  const [medium = '', address = ''] = text.split(' ');
  return { medium, address } as Threepid;
}

/** Stores records of a directory. */
export async function save(
  pool: pg.Pool,
  directory: string,
  records: readonly IdentityRecord[],
  seenIn?: string,
): Promise<void> {
  await inTransaction(pool, (tx) => saveIdentityRecords(tx, directory, records, seenIn));
}
