// Organisations of a FHIR directory: by URA number, with their departments.
import type { FhirReference } from '../../../domain/ids.ts';
import { referenceTo } from '../../../domain/ids.ts';
import { identifierTokens } from './care-identifiers.ts';
import type { FhirDirectory } from './fhir-directory.ts';

/** The most organisations that one question leads to. */
const MOST = 200;
/** How deep departments lie. */
const LEVELS = 5;

async function find(
  fhir: FhirDirectory,
  param: 'identifier' | 'partof',
  value: string,
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  const found = await fhir.search('Organization', [[param, value]], MOST, signal);
  return found.map(({ id }) => referenceTo('Organization', id));
}

/** The organisations with a URA number, and all that are parts of them. */
export async function organizationsOf(
  fhir: FhirDirectory,
  ura: string,
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  const found = await find(fhir, 'identifier', identifierTokens('ura_nr', ura), signal);
  return withDepartments(fhir, found, signal);
}

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
    const parts = await find(fhir, 'partof', above.join(','), signal);
    above = parts.filter((one) => !all.has(one));
    for (const one of above) all.add(one);
  }
  return [...all];
}
