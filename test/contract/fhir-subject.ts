// The two FHIR servers that the contract tests hold against each other: HAPI of the stack, and the stub.
import { inject } from 'vitest';
import { createFhirClient } from '../../src/fhir/client.ts';
import { createFhirServer, type FhirServer } from '../../src/fhir/server.ts';
import { createPlatform, type Platform } from '../../stack/demo/platform.ts';
import { startStubFhir } from '../../stack/stub-fhir/stub-fhir.ts';

/** Both, for `describe.each`: what holds for the one must hold for the other. */
export const FHIR_SERVERS = [
  { name: 'HAPI', isMissing: inject('stackMissing') !== undefined },
  { name: 'the stub', isMissing: false },
] as const;

/** A FHIR server under test. */
export interface FhirSubject {
  readonly url: string;
  /** The bridge's own operations. */
  readonly server: FhirServer;
  /** What the bridge asked since the last call, sorted. */
  readonly takeOperations: () => readonly string[];
  readonly platform: Platform;
  readonly end: () => Promise<void>;
}

/** Starts the stub, or takes the stack's HAPI. */
export async function startFhirSubject(name: string): Promise<FhirSubject> {
  const { url, stop } =
    name === 'HAPI'
      ? { url: inject('stack').hapi.url, stop: () => Promise.resolve() }
      : await startStubFhir();
  let operations: string[] = [];
  const client = createFhirClient({
    baseUrl: url,
    bearerToken: undefined,
    requestTimeoutMs: 60_000,
    observe: (operation) => {
      operations.push(operation);
      return () => undefined;
    },
  });
  return {
    url,
    server: createFhirServer(client, 'client-assigned'),
    takeOperations() {
      const taken = operations.sort();
      operations = [];
      return taken;
    },
    platform: createPlatform(url),
    end: stop,
  };
}
