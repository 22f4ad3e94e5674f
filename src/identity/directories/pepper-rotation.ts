// The change from one pepper of hashed look-ups to the next: prepared in batches, announced at once, the old one kept a while.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import type { Pepper } from '../../store/identity-hashes.ts';

/** The statements; those that say so run in one transaction. */
export interface PepperStore {
  readonly readPeppers: () => Promise<readonly Pepper[]>;
  /** `lockOutIdentityWriters` and `beginPepper` in one transaction. */
  readonly begin: (pepper: string, replaces: string | undefined) => Promise<void>;
  /** `hashNextBatch` in a transaction. */
  readonly hashNextBatch: (size: number) => Promise<number>;
  /** `announcePepper` in a transaction. */
  readonly announce: () => Promise<void>;
  readonly forgetPrevious: (graceMs: number) => Promise<void>;
  readonly removeStaleHashes: (size: number) => Promise<number>;
}

interface Deps {
  readonly store: PepperStore;
  readonly clock: Clock;
  /** How long a pepper is announced. */
  readonly rotateEveryMs: number;
  /** How long the one before is accepted: neither Synapse nor matrix-js-sdk asks again with the new one. */
  readonly graceMs: number;
  readonly batchSize?: number;
}

const BATCH = 2_000;

/** A new pepper: no spaces, and long enough that tables for all numbers made beforehand are of no use. */
const newPepper = (): string => randomBytes(24).toString('base64url');

/**
 * Makes one pass: prepares and announces a new pepper when there is none or it is old, ends the grace of the previous one,
 * and clears up. A pass that was killed is taken up by the next, on whichever replica, at the batch where it ended; two at a
 * time make one pepper.
 * @returns how many addresses were hashed
 */
export async function rotatePeppersOnce(deps: Deps, signal: AbortSignal): Promise<number> {
  const { store, clock, rotateEveryMs, graceMs, batchSize = BATCH } = deps;
  await store.forgetPrevious(graceMs);
  const peppers = await store.readPeppers();
  const current = peppers.find(({ state }) => state === 'current');
  const isOld = current === undefined || clock.now().getTime() - current.since.getTime() > rotateEveryMs;
  const isPreparing = peppers.some(({ state }) => state === 'preparing');
  let hashed = 0;
  if (isOld || isPreparing) {
    if (!isPreparing) await store.begin(newPepper(), current?.generation);
    hashed = await repeat(() => store.hashNextBatch(batchSize), signal);
    await store.announce();
  }
  await repeat(() => store.removeStaleHashes(batchSize), signal);
  return hashed;
}

/** Takes batch after batch until there is none left. */
async function repeat(batch: () => Promise<number>, signal: AbortSignal): Promise<number> {
  let total = 0;
  for (;;) {
    signal.throwIfAborted();
    const count = await batch();
    if (count === 0) return total;
    total += count;
  }
}
