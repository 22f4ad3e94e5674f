// The departments of organisations in a FHIR directory: all that are parts of them.
import type { FhirReference } from '../../../domain/ids.ts';
import { referenceTo } from '../../../domain/ids.ts';
import type { FhirDirectory } from './fhir-directory.ts';
import { ofType } from './fhir-directory.ts';

/** The most organisations with one number, their departments with them. */
export const ORGANIZATIONS = 200;
/** How deep departments lie. */
const LEVELS = 5;

/** Organisations with all that are parts of them, where the server can search for those. */
export async function withDepartments(
  fhir: FhirDirectory,
  organizations: readonly FhirReference[],
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  const all = new Set(organizations);
  let above = [...all];
  const { searches } = await fhir.capabilities(signal);
  for (let level = 0; level < LEVELS && above.length > 0 && searches('Organization', 'partof'); level += 1) {
    const params = [['partof', above.join(',')]] as const;
    const parts = ofType(await fhir.search('Organization', params, ORGANIZATIONS, signal), 'Organization');
    above = parts.map(({ id }) => referenceTo('Organization', id)).filter((one) => !all.has(one));
    for (const one of above) all.add(one);
  }
  return [...all];
}
