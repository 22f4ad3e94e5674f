// The peppers that hashed look-ups may use: the one announced to clients, and the one before for as long as its grace.
import type { Clock } from '../../domain/clock.ts';
import type { Pepper } from '../../store/identity-hashes.ts';

export interface Peppers {
  /** The pepper to announce; undefined before the first is ready. */
  readonly current: () => Promise<string | undefined>;
  /** The generation of hashes that a pepper finds; undefined for peppers unknown or past their grace. */
  readonly generationOf: (pepper: string) => Promise<string | undefined>;
}

interface Deps {
  readonly read: () => Promise<readonly Pepper[]>;
  readonly clock: Clock;
}

/** How long what was read is believed. Far less than the grace, so a replica that is behind announces nothing useless. */
const FRESH_MS = 5_000;
/** At most so often are peppers read because a client named one that is not known. */
const REREAD_MS = 500;

/** Reads the peppers now and then; their rotation is a job of its own. */
export function createPeppers({ read, clock }: Deps): Peppers {
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

  const isUsable = ({ state }: Pepper): boolean => state !== 'preparing';

  return {
    async current() {
      const fresh = (await peppers(FRESH_MS)).find(({ state }) => state === 'current');
      // Before the first is ready every question is a fresh one.
      return fresh?.pepper ?? (await peppers(REREAD_MS)).find(({ state }) => state === 'current')?.pepper;
    },
    async generationOf(pepper) {
      const find = (all: readonly Pepper[]): Pepper | undefined =>
        all.find((candidate) => isUsable(candidate) && candidate.pepper === pepper);
      const found = find(await peppers(FRESH_MS)) ?? find(await peppers(REREAD_MS));
      return found?.generation;
    },
  };
}
