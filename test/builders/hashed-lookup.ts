// Asks the identity server's own statement who a hash finds, for tests of what keeps the table it reads.
import type { Pool } from 'pg';
import { createKeyedHash } from '../../src/identity/protection/keyed-hash.ts';
import type { MatrixUserId } from '../../src/domain/ids.ts';
import { lookUpHashes } from '../../src/store/identity-lookups.ts';
import { userId } from './matrix.ts';

const { pads } = createKeyedHash('the pseudonymization key of this test');

/** Whom a hash of a pepper's generation finds among those media; undefined for nobody. */
export async function findByHash(
  pool: Pool,
  generation: string,
  hash: string,
  media: readonly string[],
): Promise<MatrixUserId | undefined> {
  const asked = [{ caller: userId('@caller:example.org'), hash }];
  const [found] = await lookUpHashes(pool, { generation, media, at: new Date(), key: pads }, asked);
  return found;
}
