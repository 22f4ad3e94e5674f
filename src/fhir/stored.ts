// A resource as a FHIR server keeps it: what the bridge relies on is checked, the other elements are read leniently by the mapping.
import { z } from 'zod';
import type { FhirResource } from '../domain/fhir.ts';
import { isFhirId } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { FhirClient } from './client.ts';

/** A resource as the server keeps it: it has an id and a version. */
export type StoredResource<Type extends FhirResource = FhirResource> = Type & {
  id: string;
  meta: { versionId: string; lastUpdated: string };
};

const storedSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string().refine(isFhirId),
  // As PostgreSQL takes them: servers of other versions of FHIR give longer ids of versions.
  meta: z.looseObject({
    versionId: z.string().regex(/^[!-~]{1,200}$/),
    lastUpdated: z.iso.datetime({ offset: true }),
  }),
});

/** Tells whether a value is one. */
export const isStored = (value: unknown): value is StoredResource => storedSchema.safeParse(value).success;

/**
 * Checks that a body is a stored resource of a type.
 * @throws BridgeError when it is not
 */
export function parseStored(
  { answerCode }: Pick<FhirClient, 'answerCode'>,
  body: unknown,
  resourceType: string,
): StoredResource {
  if (isStored(body) && body.resourceType === resourceType) return body;
  throw notStored({ answerCode }, resourceType);
}

/** The error for what is none. */
export const notStored = (
  { answerCode }: Pick<FhirClient, 'answerCode'>,
  resourceType: string,
): BridgeError =>
  new BridgeError(answerCode, `expected a ${resourceType} with id, meta.versionId and meta.lastUpdated`);
