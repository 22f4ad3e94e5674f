// What one computation reads from the FHIR server: each resource once, many at a time, and the list of it all.
import type { FhirReference, StaffOf } from '../../domain/ids.ts';
import { referenceTo } from '../../domain/ids.ts';
import type { FhirServer, StoredResource } from '../../fhir/server.ts';

/** The interactions that reading needs. */
export type FhirReader = Pick<FhirServer, 'readMany' | 'searchAll'>;

/** A computation's view of the FHIR server. */
export interface Reading {
  /** Reads what has not been read yet. */
  readonly read: (references: readonly FhirReference[]) => Promise<void>;
  /** All that a search finds, up to a limit; found again by `find`. */
  readonly search: (
    resourceType: string,
    query: readonly (readonly [string, string])[],
    limit: number,
  ) => Promise<{ readonly resources: readonly StoredResource[]; readonly complete: boolean }>;
  /** A resource that was read; undefined for one that there is none of. */
  readonly find: (reference: FhirReference) => StoredResource | undefined;
  /** All that was asked for, whether there was such a resource or not. */
  readonly references: () => ReadonlySet<FhirReference>;
  /** The searches that were noted. */
  readonly searches: () => ReadonlySet<StaffOf>;
  /** Takes note of a search on whose result the computation depends. */
  readonly dependOn: (search: StaffOf) => void;
}

/** Begins reading. */
export function createReading(fhir: FhirReader, signal: AbortSignal): Reading {
  const asked = new Set<FhirReference>();
  const searches = new Set<StaffOf>();
  const found = new Map<FhirReference, StoredResource>();
  return {
    read: async (references) => {
      const unread = [...new Set(references)].filter((reference) => !asked.has(reference));
      if (unread.length === 0) return;
      for (const [reference, resource] of await fhir.readMany(unread, signal)) found.set(reference, resource);
      for (const reference of unread) asked.add(reference);
    },
    search: async (resourceType, query, limit) => {
      const result = await fhir.searchAll(resourceType, query, limit, signal);
      for (const resource of result.resources) {
        const reference = referenceTo(resource.resourceType, resource.id);
        asked.add(reference);
        found.set(reference, resource);
      }
      return result;
    },
    find: (reference) => found.get(reference),
    references: () => asked,
    searches: () => searches,
    dependOn: (search) => void searches.add(search),
  };
}
