// The servers the bridge speaks to, each behind its client: homeserver, FHIR server, pseudonym service.
import type { Config } from '../config/schema.ts';
import { createFhirClient } from '../fhir/client.ts';
import { createFhirServer } from '../fhir/server.ts';
import type { BridgeSettings } from '../flows/bridge.ts';
import { createMatrixClient } from '../matrix/client.ts';
import { createHomeserver } from '../matrix/homeserver.ts';
import { createPseudonyms } from '../pseudonyms/service.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Creates the clients; opens no connection yet. */
export function connectServers(config: Config, settings: BridgeSettings, metrics: Metrics) {
  const matrixClient = createMatrixClient({
    ...config.matrix,
    observe: metrics.observeMatrix,
  });
  const fhirClient = createFhirClient({
    baseUrl: config.fhir.baseUrl,
    bearerToken: config.fhir.bearerToken,
    requestTimeoutMs: config.fhir.requestTimeoutMs,
    observe: metrics.observeFhir,
  });
  return {
    homeserver: createHomeserver(matrixClient),
    fhir: createFhirServer(fhirClient, settings.idStrategy),
    pseudonyms: createPseudonyms({
      ...config.invitations,
      serverName: settings.serverName,
      observe: metrics.observePseudonyms,
    }),
  };
}
