// The bridge's FHIR server as one's own directory, into which the addresses of ghosts are written.
import type { Clock } from '../domain/clock.ts';
import type { ResourceVersion } from '../domain/fhir.ts';
import type { FhirServer, StoredResource } from '../fhir/server.ts';
import type { Bridge } from '../flows/bridge.ts';
import { publishMatrixId } from '../identity/directories/publish-matrix-id.ts';

/** Creates the writing of addresses into this server, which the operator says is one's own. */
export function createOwnDirectory(
  server: Pick<FhirServer, 'read' | 'update'>,
  clock: Clock,
): NonNullable<Bridge['publishAddress']> {
  return async (reference, userId, signal) => {
    let written: ResourceVersion | undefined;
    const fhir = {
      read: server.read,
      update: async (resource: StoredResource): Promise<void> => {
        written = await server.update(resource, signal);
      },
    };
    const result = await publishMatrixId({ fhir, clock }, reference, userId, signal);
    return { result, written };
  };
}
