// References as the bridge writes them: always with the type of what they refer to, which OZO's profiles demand.
import type { Reference } from 'fhir/r4.js';
import { parseReference, typeOf, type FhirReference } from '../domain/ids.ts';

/** A literal reference with its type. https://hl7.org/fhir/R4/references-definitions.html#Reference.type */
export function referTo(reference: FhirReference): Required<Pick<Reference, 'reference' | 'type'>> {
  return { reference, type: typeOf(reference) };
}

/**
 * The same for a reference that was read, without what it says besides, such as a name.
 * @returns undefined where it is no literal reference
 */
export function sameReference(read: Reference | undefined): Reference | undefined {
  const parsed = parseReference(read?.reference);
  return parsed && { reference: read?.reference, type: parsed.resourceType };
}
