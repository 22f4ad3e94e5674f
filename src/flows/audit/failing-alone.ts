// Tells an AuditEvent that the FHIR server fails on from a server that fails on all: while it fails on one, it takes others.

/** Many more than fail at once: of each lane it is the first. */
const MOST_FAILING = 100;

/** What is known of one that the server failed on. */
interface Failing {
  /** How many times it failed after the server had taken another since the time before. */
  readonly alone: number;
  readonly othersTaken: boolean;
}

/** Keeps count, in memory: of what another replica tries, it knows nothing. */
export interface FailingAlone {
  /** The server took one. */
  readonly taken: (id: string) => void;
  /** One is not tried any more. */
  readonly forget: (id: string) => void;
  /** The server failed on one. @returns how many times it did so, and had taken others since the time before */
  readonly failedOn: (id: string) => number;
}

/** Creates the counts. */
export function createFailingAlone(): FailingAlone {
  const failing = new Map<string, Failing>();
  return {
    taken(id) {
      failing.delete(id);
      for (const [other, { alone }] of failing) failing.set(other, { alone, othersTaken: true });
    },
    forget(id) {
      failing.delete(id);
    },
    failedOn(id) {
      const before = failing.get(id);
      const alone = (before?.alone ?? 0) + (before?.othersTaken === true ? 1 : 0);
      failing.delete(id);
      failing.set(id, { alone, othersTaken: false });
      // What was tried longest ago, another replica has written meanwhile.
      const [oldest] = failing.keys();
      if (failing.size > MOST_FAILING && oldest !== undefined) failing.delete(oldest);
      return alone;
    },
  };
}
