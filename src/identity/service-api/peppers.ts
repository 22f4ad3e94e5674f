// The peppers that hashed look-ups may use: the one announced to clients, and the one before for as long as its grace.
import type { Clock } from '../../domain/clock.ts';
import type { Pepper } from '../../store/identity-hashes.ts';

export type Peppers = ReturnType<typeof createPeppers>;

/** How long what was read is believed. Far less than the grace, so a replica that is behind announces nothing useless. */
const FRESH_MS = 5_000;
/** At most so often are peppers read because a client named one that is not known. */
const REREAD_MS = 500;

/** Reads the peppers now and then; their rotation is a job of its own. */
export function createPeppers({ read, clock }: { read: () => Promise<readonly Pepper[]>; clock: Clock }) {
  let known: readonly Pepper[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<readonly Pepper[]> | undefined;

  async function refresh(): Promise<readonly Pepper[]> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    known = await reading;
    readAt = clock.monotonicMs();
    return known;
  }

  const peppers = async (maxAgeMs: number): Promise<readonly Pepper[]> =>
    clock.monotonicMs() - readAt < maxAgeMs ? known : refresh();

  /** Looks once more in what is read anew: before the first is ready, and for one that is not known yet. */
  const find = async (isIt: (pepper: Pepper) => boolean): Promise<Pepper | undefined> =>
    (await peppers(FRESH_MS)).find(isIt) ?? (await peppers(REREAD_MS)).find(isIt);

  return {
    /** The pepper to announce; undefined before the first is ready. */
    current: async () => (await find(({ state }) => state === 'current'))?.pepper,
    /** The generation of hashes that a pepper finds; undefined for peppers unknown or past their grace. */
    generationOf: async (text: string) =>
      (await find(({ state, pepper }) => state !== 'preparing' && pepper === text))?.generation,
  };
}
