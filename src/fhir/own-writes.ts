// Which versions this process wrote a moment ago: what the server tells of them is no news.
import type { ResourceVersion } from '../domain/fhir.ts';

/** How many are remembered: more than are written before their hooks come. */
const MOST = 1_000;

/** The versions that were written last. */
export interface OwnWrites {
  readonly note: (version: ResourceVersion) => void;
  readonly has: (version: ResourceVersion) => boolean;
}

/** Creates the memory, which forgets the oldest. */
export function createOwnWrites(most = MOST): OwnWrites {
  const written = new Set<string>();
  return {
    note: (version) => {
      written.add(keyOf(version));
      for (const oldest of written) {
        if (written.size <= most) break;
        written.delete(oldest);
      }
    },
    has: (version) => written.has(keyOf(version)),
  };
}

/** With the stamp: a server that was put back gives out the same versions once more. */
function keyOf({ reference, versionId, lastUpdated }: ResourceVersion): string {
  return `${reference}/${versionId} ${Date.parse(lastUpdated)}`;
}
