// A care platform of the demo: it speaks nothing but FHIR, over plain HTTP.
import type { FhirResource } from 'fhir/r4.js';

/** A resource as JSON. */
export type Resource = Readonly<Record<string, unknown>> & {
  readonly resourceType: string;
  readonly id?: string;
};

/** A resource of a type, as a server has it. */
export type Kept<Type extends FhirResource['resourceType'] = FhirResource['resourceType']> = Resource &
  Extract<FhirResource, { readonly resourceType: Type }> & {
    readonly id: string;
    readonly meta: { readonly versionId: string; readonly lastUpdated: string };
  };

export interface Platform {
  /** Writes a resource under its own id. */
  readonly put: (resource: Resource & { readonly id: string }) => Promise<Resource>;
  /** Writes a resource; the server gives the id. */
  readonly post: (resource: Resource) => Promise<Resource>;
  /** The resources that a search such as `Communication?part-of=…` finds now. */
  readonly search: <Type extends FhirResource['resourceType']>(
    query: `${Type}?${string}`,
  ) => Promise<readonly Kept<Type>[]>;
  /** The current version of `Type/id`. */
  readonly read: (reference: string) => Promise<Resource>;
}

/** Creates a platform on a FHIR server. */
export function createPlatform(baseUrl: string): Platform {
  async function request(method: string, path: string, body?: Resource): Promise<Resource> {
    const response = await fetch(`${baseUrl}/${path}`, {
      method,
      headers: { 'content-type': 'application/fhir+json', 'cache-control': 'no-cache' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Resource;
  }
  return {
    put: (resource) => request('PUT', `${resource.resourceType}/${resource.id}`, resource),
    post: (resource) => request('POST', resource.resourceType, resource),
    async search<Type extends FhirResource['resourceType']>(query: `${Type}?${string}`) {
      const bundle = (await request('GET', query)) as { entry?: { resource: Kept<Type> }[] };
      return (bundle.entry ?? []).map((entry) => entry.resource);
    },
    read: (reference) => request('GET', reference),
  };
}
