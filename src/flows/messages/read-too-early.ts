// Whether a version was read before a change that is carried already: what it says must not be sent over that change.
import { referenceTo } from '../../domain/ids.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Bridge } from '../bridge.ts';

/**
 * Reads a resource once more. Its links have been read meanwhile, and a write ends on the server before its link is completed:
 * where the version is still the same, nothing that the links tell of came after it.
 * @param version as it was read before its links; what a deletion stands for is not there any more
 */
export async function wasReadTooEarly(
  { fhir }: Pick<Bridge, 'fhir'>,
  { resourceType, id, meta }: StoredResource,
  signal: AbortSignal,
): Promise<boolean> {
  const now = await fhir.read(referenceTo(resourceType, id), signal);
  return now !== undefined && now.meta.versionId !== meta.versionId;
}
