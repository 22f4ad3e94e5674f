// Starts each replica again as soon as it was killed, also one that is killed while it starts.
import type { Replica } from './landscape.ts';
import { pick } from './speak.ts';

/** Replicas that are started again. */
export interface Starting {
  /** Who may be killed: one that runs, but not the last; else one that starts, but only once until it runs. */
  victim(): Replica | undefined;
  /** Kills it, and starts it again. */
  kill(replica: Replica): Promise<void>;
  /** Resolves when all run. */
  allRun(): Promise<void>;
}

/**
 * Keeps replicas starting, which all run at first.
 * @param random numbers from 0 up to 1 that choose
 */
export function keepStarting(replicas: readonly Replica[], random: () => number): Starting {
  const starts = new Map<Replica, Promise<void>>();
  const killed = new Set<Replica>();
  const spared = new Set<Replica>();

  async function start(replica: Replica): Promise<void> {
    try {
      await replica.service.start();
      starts.delete(replica);
      spared.delete(replica);
    } catch (error) {
      if (!killed.has(replica)) throw error;
    }
  }

  return {
    victim() {
      const running = replicas.filter((replica) => !starts.has(replica));
      if (running.length > 1) return pick(running, random);
      const starting = replicas.filter((replica) => starts.has(replica) && !spared.has(replica));
      return pick(starting, random);
    },
    async kill(replica) {
      const before = starts.get(replica);
      if (before !== undefined) spared.add(replica);
      killed.add(replica);
      await replica.service.kill();
      await before;
      killed.delete(replica);
      starts.set(replica, start(replica));
    },
    async allRun() {
      await Promise.all(starts.values());
    },
  };
}
