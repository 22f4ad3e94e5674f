// A reader of a FHIR server for tests: nothing is stored, no time goes by, and nobody looks for a witness, unless a test says so.
import { createPuller } from '../../src/fhir/puller.ts';
import { OVERLAP, SHORT_OVERLAP } from './pull-model.ts';

type PullerDeps = Parameters<typeof createPuller>[0];
const never = new AbortController().signal;

type Server = PullerDeps['server'];
type Over = Partial<Omit<PullerDeps, 'server'>> & {
  readonly server: Pick<Server, 'search' | 'searchStamp'> & Partial<Server>;
};

/** Creates the passes. */
export function pullerOf({ server, ...over }: Over): () => Promise<number> {
  const pass = createPuller({
    ...{ resourceType: 'Communication', pageSize: 200, readFrom: 'now' },
    ...{ overlapMs: OVERLAP, shortOverlapMs: SHORT_OVERLAP },
    clock: { monotonicMs: () => 0 },
    store: () => Promise.resolve(0),
    setAside: () => Promise.resolve(),
    storeAsKnown: () => Promise.resolve(0),
    readCursor: () => Promise.resolve(undefined),
    saveCursor: () => Promise.resolve(),
    ...over,
    // A server that does not tell how many there are, unless a test has one that does.
    server: { count: () => Promise.resolve(undefined), ...server },
  });
  return () => pass(never);
}
