// A Bundle of found resources or of a history, as servers of any kind give it; what the bridge relies on is checked.
import type { FhirResource } from 'fhir/r4.js';
import { z } from 'zod';
import { BridgeError } from '../telemetry/errors.ts';
import type { FhirClient } from './client.ts';

/** A resource as a server keeps it; not every server says which version it is. */
export type FoundResource<Type extends string = string> = Extract<FhirResource, { resourceType: Type }> & {
  readonly id: string;
  readonly meta?: { readonly versionId?: string; readonly lastUpdated?: string };
};

/** The entry of a deletion. */
export interface DeletedEntry {
  /** The reference of the resource, with or without the version. */
  readonly url: string;
  readonly etag: string | undefined;
}

/** One page of a search or a history. */
export interface BundlePage {
  readonly resources: readonly FoundResource[];
  /** What stands in the place of a resource and lacks its type or its id. */
  readonly malformed: readonly unknown[];
  /** Versions that say the resource was deleted; in histories only. */
  readonly deleted: readonly DeletedEntry[];
  /** How many entries the page has, of whatever kind. */
  readonly size: number;
  /** The link to the next page. */
  readonly next: string | undefined;
  /** How many are found on all pages together, where the server says so. */
  readonly total: number | undefined;
  /** An instant by the server's clock. */
  readonly serverTime: string | undefined;
}

const resourceSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string(),
  meta: z.looseObject({ versionId: z.string().optional(), lastUpdated: z.string().optional() }).optional(),
});
/** The other elements are read leniently by the mapping. */
const isFound = (value: unknown): value is FoundResource => resourceSchema.safeParse(value).success;
/** A server's remarks on a search have no id: https://hl7.org/fhir/R4/search.html#mode */
const isRemark = (value: unknown): boolean =>
  z.looseObject({ resourceType: z.literal('OperationOutcome') }).safeParse(value).success;
const bundleSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  meta: z.looseObject({ lastUpdated: z.string().optional() }).optional(),
  total: z.number().optional(),
  link: z.array(z.looseObject({ relation: z.string(), url: z.string() })).optional(),
  entry: z
    .array(
      z.looseObject({
        resource: z.unknown().optional(),
        request: z.looseObject({ method: z.string(), url: z.string() }).optional(),
        response: z.looseObject({ etag: z.string().optional() }).optional(),
      }),
    )
    .optional(),
});

/**
 * Reads a Bundle.
 * @param operation what was asked, for the error
 * @throws BridgeError when it is none
 */
export function parseBundle(
  { answerCode }: Pick<FhirClient, 'answerCode'>,
  operation: string,
  body: unknown,
): BundlePage {
  const parsed = bundleSchema.safeParse(body);
  if (!parsed.success) throw new BridgeError(answerCode, `${operation}: expected a Bundle`);
  const { entry = [], link = [], meta, total } = parsed.data;
  const given = entry.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  return {
    resources: given.filter(isFound),
    malformed: given.filter((resource) => !isFound(resource) && !isRemark(resource)),
    deleted: entry.flatMap(({ request, response }) =>
      request?.method === 'DELETE' ? [{ url: request.url, etag: response?.etag }] : [],
    ),
    size: entry.length,
    next: link.find(({ relation }) => relation === 'next')?.url,
    total,
    serverTime: meta?.lastUpdated,
  };
}
