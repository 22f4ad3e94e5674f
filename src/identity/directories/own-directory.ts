// The operator's own directory on a FHIR server, into which a Matrix user id that was made for a practitioner is written.
import type { Clock } from '../../domain/clock.ts';
import type { ResourceVersion } from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { FhirServer } from '../../fhir/server.ts';
import { matrixAddressesIn, matrixContact } from '../../mapping/matrix-address.ts';
import { BridgeError } from '../../telemetry/errors.ts';

/** What became of an address: another one may stand there, which is left as it is, or the practitioner be missing. */
interface Published {
  readonly result: 'published' | 'differs' | 'missing';
  /** The version that was written; undefined where the address stood there before, and where it does not stand. */
  readonly written: ResourceVersion | undefined;
}

/** How often it is tried while others change the same resource. */
const ATTEMPTS = 5;
const CONFLICTS: ReadonlySet<BridgeError['code']> = new Set(['directory-conflict', 'fhir-conflict']);

interface Deps {
  readonly server: Pick<FhirServer, 'read' | 'update'>;
  readonly clock: Clock;
  /** How an address that stands there is recognised. */
  readonly isLenient: boolean;
}

/**
 * Creates the writing of addresses into a server that is one's own, by the operator's word.
 * @returns a function that adds the address to the telecom of a Practitioner or PractitionerRole; running it again changes
 *   nothing. It throws BridgeError `directory-conflict` or `fhir-conflict` when others were faster time and again
 */
export function createOwnDirectory({ server, clock, isLenient }: Deps) {
  return async (reference: FhirReference, userId: MatrixUserId, signal: AbortSignal): Promise<Published> => {
    for (let attempt = 1; ; attempt += 1) {
      const resource = await server.read(reference, signal);
      if (resource?.resourceType !== 'Practitioner' && resource?.resourceType !== 'PractitionerRole')
        return { result: 'missing', written: undefined };
      const { telecom = [] } = resource;
      const present = matrixAddressesIn(telecom, { at: clock.now().getTime(), isLenient });
      if (present.length > 0)
        return { result: present.includes(userId) ? 'published' : 'differs', written: undefined };
      try {
        const changed = { ...resource, telecom: [...telecom, matrixContact(userId)] };
        return { result: 'published', written: await server.update(changed, signal) };
      } catch (error) {
        const isConflict = error instanceof BridgeError && CONFLICTS.has(error.code);
        if (!isConflict || attempt === ATTEMPTS) throw error;
      }
    }
  };
}
