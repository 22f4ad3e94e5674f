// The least configuration, and the faults of a bad one.
import { expect } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config/load.ts';

export type Environment = Readonly<Record<string, string>>;

/** The least that is needed, as environment. */
export const LEAST: Environment = {
  BRIDGE_DATABASE_URL: 'postgresql://bridge:secret-password@db/bridge',
  BRIDGE_NETWORK_PLAIN_HTTP_HOSTS: 'synapse,hapi',
  BRIDGE_MATRIX_HOMESERVER_URL: 'http://synapse:8008',
  BRIDGE_MATRIX_SERVER_NAME: 'zorg.example',
  BRIDGE_MATRIX_AS_TOKEN: 'as-token-0123456789',
  BRIDGE_MATRIX_HS_TOKEN: 'hs-token-0123456789',
  BRIDGE_FHIR_BASE_URL: 'http://hapi:8080/fhir',
  BRIDGE_FHIR_HOOK_SECRET: 'hook-secret-0123456789',
  BRIDGE_PEOPLE_PSEUDONYMIZATION_KEY: 'pseudonymization-key-0123456789',
};

/** The faults of a configuration that has some. */
export async function faultsOf(path: string | undefined, env: Environment = {}): Promise<readonly string[]> {
  const error: unknown = await loadConfig(path, env).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error('Expected a ConfigError', { cause: error });
  for (const fault of error.faults) expect(error.message).toContain(fault);
  return error.faults;
}
