// The servers the bridge speaks to, each behind its client: homeserver, FHIR server, pseudonym service.
import type { Config } from '../config/schema.ts';
import { createFhirClient } from '../fhir/client.ts';
import { createFhirServer } from '../fhir/server.ts';
import type { BridgeSettings } from '../flows/bridge.ts';
import { createMatrixClient } from '../matrix/client.ts';
import { createHomeserver } from '../matrix/homeserver.ts';
import { createPseudonyms } from '../pseudonyms/service.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Creates the operations of each. */
export function connectServers(config: Config, settings: BridgeSettings, metrics: Metrics) {
  const matrixClient = createMatrixClient({
    ...config.matrix,
    requestTimeoutMs: config.matrix.requestTimeoutSeconds * 1000,
    observe: metrics.observeMatrix,
  });
  const fhirClient = createFhirClient({
    baseUrl: config.fhir.baseUrl,
    bearerToken: config.fhir.bearerToken,
    requestTimeoutMs: config.fhir.requestTimeoutSeconds * 1000,
    observe: metrics.observeFhir,
  });
  return {
    homeserver: createHomeserver(matrixClient),
    fhir: createFhirServer(fhirClient, settings.idStrategy),
    pseudonyms: createPseudonyms({
      ...config.invitations,
      timeoutMs: config.invitations.timeoutSeconds * 1000,
      serverName: settings.serverName,
      observe: metrics.observePseudonyms,
    }),
  };
}
