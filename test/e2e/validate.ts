// What the FHIR server itself finds wrong with resources that the bridge wrote.
import type { Resource } from '../../stack/demo/platform.ts';

interface OperationOutcome {
  readonly issue: readonly { readonly severity: string; readonly diagnostics?: string }[];
}

/** The errors that `$validate` names; empty where all resources are valid. https://hl7.org/fhir/R4/resource-operation-validate.html */
export async function validationErrors(
  fhirUrl: string,
  resources: readonly Pick<Resource, 'resourceType'>[],
): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (const resource of resources) {
    const response = await fetch(`${fhirUrl}/${resource.resourceType}/$validate`, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(resource),
    });
    const { issue } = (await response.json()) as OperationOutcome;
    found.push(...issue.filter(({ severity }) => ['error', 'fatal'].includes(severity)));
  }
  return found;
}
