// Writes a Matrix user id that was made for a practitioner into one's own directory, and never into another's.
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import { typeOf } from '../domain/ids.ts';
import { matrixAddressesIn, matrixContact } from '../mapping/matrix-address.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { DirectoryResource, FhirDirectory } from './directories/fhir-directory.ts';

/** What became of it. */
export type Published =
  /** It stands there now, or stood there before. */
  | 'published'
  /** Another address stands there: someone decided so, and it is left. */
  | 'differs'
  /** There is no such practitioner. */
  | 'missing';

/** How often it is tried while others change the same resource. */
const ATTEMPTS = 5;

/**
 * Adds the address to the telecom of a Practitioner or PractitionerRole, as the Dutch specification writes it. Running it
 * again changes nothing.
 * @param directory whether it is one's own is the operator's word: into others' nothing is written
 * @throws BridgeError `directory-conflict` when others were faster time and again
 */
export async function publishMatrixId(
  directory: { readonly fhir: FhirDirectory; readonly isOwn: boolean },
  reference: FhirReference,
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<Published> {
  if (!directory.isOwn) throw new TypeError('A Matrix id is written into one’s own directory only');
  const { fhir } = directory;
  for (let attempt = 1; ; attempt += 1) {
    const resource = await fhir.read(reference, signal);
    if (resource === undefined || !isPublishable(resource)) return 'missing';
    const present = matrixAddressesIn(resource.telecom ?? []);
    if (present.includes(userId)) return 'published';
    if (present.length > 0) return 'differs';
    try {
      await fhir.update(
        { ...resource, telecom: [...(resource.telecom ?? []), matrixContact(userId)] },
        signal,
      );
      return 'published';
    } catch (error) {
      const isConflict = error instanceof BridgeError && error.code === 'directory-conflict';
      if (!isConflict || attempt === ATTEMPTS) throw error;
    }
  }

  function isPublishable(
    resource: DirectoryResource,
  ): resource is DirectoryResource<'Practitioner'> | DirectoryResource<'PractitionerRole'> {
    const isFitting =
      resource.resourceType === 'Practitioner' || resource.resourceType === 'PractitionerRole';
    return isFitting && resource.resourceType === typeOf(reference);
  }
}
