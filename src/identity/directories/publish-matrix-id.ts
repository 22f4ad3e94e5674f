// Writes a Matrix user id that was made for a practitioner into the operator's own directory.
import type { Clock } from '../../domain/clock.ts';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { typeOf } from '../../domain/ids.ts';
import { matrixAddressesIn, matrixContact } from '../../mapping/matrix-address.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { DirectoryResource } from './mcsd/fhir-directory.ts';

/** What became of it. */
type Published =
  /** It stands there now, or stood there before. */
  | 'published'
  /** Another address stands there, which is left as it is. */
  | 'differs'
  /** There is no such practitioner. */
  | 'missing';

/** What it takes of a FHIR server: updates only of the version that was read, and a BridgeError for any other. */
interface Writable<Resource extends DirectoryResource> {
  readonly read: (reference: FhirReference, signal: AbortSignal) => Promise<Resource | undefined>;
  readonly update: (resource: Resource, signal: AbortSignal) => Promise<unknown>;
}

/** How often it is tried while others change the same resource. */
const ATTEMPTS = 5;
const CONFLICTS: ReadonlySet<BridgeError['code']> = new Set(['directory-conflict', 'fhir-conflict']);

/**
 * Adds the address to the telecom of a Practitioner or PractitionerRole. Running it again changes nothing.
 * @param fhir one's own directory, by the operator's word: nothing is written into others'
 * @throws BridgeError `directory-conflict` or `fhir-conflict` when others were faster time and again
 */
export async function publishMatrixId<Resource extends DirectoryResource>(
  { fhir, clock }: { readonly fhir: Writable<Resource>; readonly clock: Clock },
  reference: FhirReference,
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<Published> {
  for (let attempt = 1; ; attempt += 1) {
    const resource = await fhir.read(reference, signal);
    if (resource === undefined || !isPublishable(resource)) return 'missing';
    const present = matrixAddressesIn(resource.telecom, clock.now().getTime());
    if (present.includes(userId)) return 'published';
    if (present.length > 0) return 'differs';
    try {
      await fhir.update(
        { ...resource, telecom: [...(resource.telecom ?? []), matrixContact(userId)] },
        signal,
      );
      return 'published';
    } catch (error) {
      const isConflict = error instanceof BridgeError && CONFLICTS.has(error.code);
      if (!isConflict || attempt === ATTEMPTS) throw error;
    }
  }

  function isPublishable(
    resource: Resource,
  ): resource is Resource & (DirectoryResource<'Practitioner'> | DirectoryResource<'PractitionerRole'>) {
    const isFitting =
      resource.resourceType === 'Practitioner' || resource.resourceType === 'PractitionerRole';
    return isFitting && resource.resourceType === typeOf(reference);
  }
}
