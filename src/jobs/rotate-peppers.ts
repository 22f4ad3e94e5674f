// Changes the pepper of hashed look-ups once it is old, and ends the grace of the one before.
import type { Pool } from 'pg';
import type { Config } from '../config/schema.ts';
import type { Bridge } from '../flows/bridge.ts';
import { rotatePeppersOnce, type PepperStore } from '../identity/directories/pepper-rotation.ts';
import { inTransaction } from '../inbox/database.ts';
import * as hashes from '../store/identity-hashes.ts';
import { lockOutIdentityWriters } from '../store/identity-records.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 60_000;

/** The job. */
export function rotatePeppers(
  { db, clock }: Pick<Bridge, 'clock' | 'db'>,
  { pepperMs: rotateEveryMs, pepperGraceMs: graceMs }: Pick<Config['identity'], 'pepperMs' | 'pepperGraceMs'>,
): BridgeJob {
  const store = pepperStore(db);
  return {
    name: 'identity:peppers',
    service: 'database',
    intervalMs: INTERVAL_MS,
    withoutBot: true,
    pass: (signal) => rotatePeppersOnce({ store, clock, rotateEveryMs, graceMs }, signal),
  };
}

function pepperStore(pool: Pool): PepperStore {
  return {
    readPeppers: () => hashes.readPeppers(pool),
    begin: (pepper, replaces) =>
      inTransaction(pool, async (tx) => {
        await lockOutIdentityWriters(tx);
        await hashes.beginPepper(tx, pepper, replaces);
      }),
    hashNextBatch: (size) => inTransaction(pool, (tx) => hashes.hashNextBatch(tx, size)),
    announce: () => inTransaction(pool, hashes.announcePepper),
    forgetPrevious: (graceMs) => hashes.forgetPreviousPepper(pool, graceMs),
    removeStaleHashes: (size) => hashes.removeStaleHashes(pool, size),
  };
}
