// The FHIR server as it was at one moment, for comparing many rooms: what was read once is not read again.
import type { CareTeam } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import { parseReference } from '../../domain/ids.ts';
import type { FhirServer, SearchPage, StoredResource } from '../../fhir/server.ts';
import { TEAMS_PER_SUBJECT } from './space-of-request.ts';

/** The reads of a FHIR server, remembered; for one batch, since nothing is ever forgotten. */
export interface CachedFhir {
  readonly fhir: FhirServer;
  /** Reads the care teams of many patients with one search. */
  readonly prefetchTeamsOf: (subjects: readonly FhirReference[], signal: AbortSignal) => Promise<void>;
}

/** The most that one search is asked for. */
const SEARCH_COUNT = 1000;

/** Wraps a FHIR server. Writes go through unchanged. */
export function cacheFhir(fhir: FhirServer): CachedFhir {
  const resources = new Map<FhirReference, Promise<StoredResource | undefined>>();
  const searches = new Map<string, Promise<SearchPage>>();

  const readMany: FhirServer['readMany'] = async (references, signal) => {
    const missing = [...new Set(references)].filter((reference) => !resources.has(reference));
    if (missing.length > 0) {
      const found = fhir.readMany(missing, signal);
      // Kept before it is there, so that rooms compared side by side do not each ask for the same.
      for (const reference of missing)
        resources.set(
          reference,
          found.then((all) => all.get(reference)),
        );
    }
    const read = await Promise.all(
      references.map(async (reference) => [reference, await resources.get(reference)] as const),
    );
    return new Map(
      read.flatMap(([reference, resource]) => (resource === undefined ? [] : [[reference, resource]])),
    );
  };

  return {
    fhir: {
      ...fhir,
      readMany,
      read: async (reference, signal) => (await readMany([reference], signal)).get(reference),
      search: async (resourceType, query, count, signal) => {
        const key = JSON.stringify([resourceType, query, count]);
        const known = searches.get(key) ?? fhir.search(resourceType, query, count, signal);
        searches.set(key, known);
        return known;
      },
    },
    async prefetchTeamsOf(subjects, signal) {
      if (subjects.length === 0) return;
      const wanted = [...new Set(subjects)];
      const page = await fhir.search('CareTeam', [['subject', wanted.join(',')]], SEARCH_COUNT, signal);
      // A full page may be cut off: then each conversation asks for itself.
      if (page.resources.length >= SEARCH_COUNT) return;
      for (const subject of wanted) {
        const own = (page.resources as readonly StoredResource<CareTeam>[]).filter(
          (team) => parseReference(team.subject?.reference)?.reference === subject,
        );
        const key = JSON.stringify(['CareTeam', [['subject', subject]], TEAMS_PER_SUBJECT]);
        searches.set(key, Promise.resolve({ ...page, resources: own }));
      }
    },
  };
}
