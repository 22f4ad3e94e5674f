// Since when a resource is there: two that had the same id one after the other, on a server that was restored, are told apart by it.
import type { ResourceVersion } from '../domain/fhir.ts';
import type { Bridge } from './bridge.ts';

/**
 * The stamp of a resource's first version.
 * @returns undefined where the server does not number versions, or has no history of them
 */
export async function firstStamp(
  { fhir }: { readonly fhir: Pick<Bridge['fhir'], 'readVersion'> },
  { reference, versionId, lastUpdated }: ResourceVersion,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (versionId === '1') return lastUpdated;
  if (!/^\d+$/.test(versionId)) return undefined;
  return (await fhir.readVersion(reference, '1', signal))?.meta.lastUpdated;
}
