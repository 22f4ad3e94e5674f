// How long the random tests run and what they do: short and by chance, unless the environment says otherwise.

/** `RANDOM_SEED` has the random tests do the same again; what depends on the timing of servers may still differ. */
export const SEED = Number(process.env['RANDOM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** `RANDOM_LENGTH=5` makes the random tests five times as long. */
export const LENGTH = Number(process.env['RANDOM_LENGTH'] ?? 1);

/** Mulberry32, a small generator that a seed repeats. @returns numbers from 0 up to 1 */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
