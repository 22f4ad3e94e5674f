// New versions of several resources in one transaction: a server does that at half the cost of as many requests.
import { z } from 'zod';
import { versionOf, type ResourceVersion } from '../domain/fhir.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { FhirClient } from './client.ts';
import { isStored, type StoredResource } from './stored.ts';

const answerSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  entry: z.array(z.looseObject({ resource: z.unknown().optional() })),
});

/** For each version that is to be replaced, as the header of the same name. */
export const ifMatch = ({ meta }: StoredResource): string => `W/"${meta.versionId}"`;

/** HAPI keeps tags that an update leaves out, unless it is told that all are there. */
export const ALL_TAGS = { 'x-meta-snapshot-mode': 'TAG' } as const;

/**
 * Updates resources if all of them are still in the versions they were read in, or else none.
 * https://hl7.org/fhir/R4/http.html#transaction
 * @returns the versions that were made; a server need not say all of them
 * @throws BridgeError `fhir-conflict` when someone else was faster with one of them; that of a refusal where the server does no
 *   transactions
 */
export async function updateAll(
  client: FhirClient,
  resources: readonly StoredResource[],
  signal?: AbortSignal,
): Promise<readonly ResourceVersion[]> {
  const operation = 'update in one';
  const answer = await client.request({
    ...{ operation, method: 'POST', path: '', signal },
    headers: { ...ALL_TAGS, prefer: 'return=representation' },
    body: {
      ...{ resourceType: 'Bundle', type: 'transaction' },
      entry: resources.map((resource) => ({
        resource,
        request: {
          method: 'PUT',
          url: `${resource.resourceType}/${resource.id}`,
          ifMatch: ifMatch(resource),
        },
      })),
    },
  });
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success || parsed.data.entry.length !== resources.length)
    throw new BridgeError(client.answerCode, `${operation}: expected a Bundle with an entry for each`);
  // `response.lastModified` is not the stamp of the version on every server.
  return parsed.data.entry.flatMap(({ resource }) => (isStored(resource) ? [versionOf(resource)] : []));
}
