// A FHIR server as a directory of care: what it finds is all there is, and its failures have the codes of directories.
import type { FoundResource } from '../../../fhir/bundle.ts';
import type { FhirCodes } from '../../../fhir/client.ts';
import type { Query } from '../../../fhir/search.ts';
import type { FhirSearches } from '../../../fhir/searches.ts';
import { BridgeError } from '../../../telemetry/errors.ts';

/** A resource as the directory keeps it. */
export type DirectoryResource<Type extends string = string> = FoundResource<Type>;

export type FhirDirectory = ReturnType<typeof createFhirDirectory>;

/** What failures of a FHIR directory are called. */
export const DIRECTORY_CODES: FhirCodes = {
  unavailable: 'directory-unavailable',
  rateLimited: 'directory-unavailable',
  token: 'directory-token',
  conflict: 'directory-conflict',
  refused: 'directory-refused',
  refusedByProxy: 'directory-refused',
  answer: 'directory-answer',
  redirected: 'directory-answer',
  certificate: 'directory-certificate',
};

/** A search found more than a question for one person can be about. */
export class TooManyFoundError extends BridgeError {
  constructor(detail: string) {
    super('directory-answer', detail);
    this.name = 'TooManyFoundError';
  }
}

/** Creates the directory on a server's searches. */
export function createFhirDirectory(name: string, searches: FhirSearches) {
  /**
   * All that a search finds, its includes too.
   * @throws TooManyFoundError when it is more than `most`: a part would be taken for the whole
   */
  async function searchWithIncludes(
    ...asked: Parameters<FhirSearches['search']>
  ): Promise<readonly DirectoryResource[]> {
    const [resourceType, , most] = asked;
    const { resources, complete } = await searches.search(...asked);
    if (complete) return resources;
    throw new TooManyFoundError(`${name} search ${resourceType}: more than ${most}`);
  }

  return {
    ...searches,
    name,
    searchWithIncludes,
    /** Those of `searchWithIncludes` that are of the type searched for. */
    async search<Type extends DirectoryResource['resourceType']>(
      resourceType: Type,
      ...asked: readonly [params: Query, most: number, signal: AbortSignal]
    ): Promise<readonly DirectoryResource<Type>[]> {
      return ofType<Type>(await searchWithIncludes(resourceType, ...asked), resourceType);
    },
  };
}

/** The resources of one type among those found. */
export function ofType<Type extends DirectoryResource['resourceType']>(
  resources: readonly DirectoryResource[],
  resourceType: Type,
): readonly DirectoryResource<Type>[] {
  const isOfType = (resource: DirectoryResource): resource is DirectoryResource & DirectoryResource<Type> =>
    resource.resourceType === resourceType;
  return resources.filter(isOfType);
}
