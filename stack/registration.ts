// The appservice registration which the stack's Synapse is given: the bridge's own.
import { registration } from '../src/matrix/registration.ts';

/** What an appservice registration depends on. */
export interface RegistrationInput {
  /** Synapse's server name. */
  readonly serverName: string;
  /** Where the bridge listens. */
  readonly url: string;
  readonly asToken: string;
  readonly hsToken: string;
}

/** The content of a registration file. */
export type Registration = Readonly<Record<string, unknown>>;

/** The registration of the bridge, with the namespaces of all forms of aliases that the tests configure. */
export function createRegistration({ serverName, url, asToken, hsToken }: RegistrationInput): Registration {
  return registration({
    ...{ serverName, appserviceUrl: url, asToken, hsToken, ghostPrefix: '_fhir_', receipts: true },
    // Also for bridges that are told to make opaque aliases.
    aliasPatterns: [
      'careteam/*',
      'careteam-*',
      'communicationrequest/*',
      'communicationrequest-*',
      '_fhir_*',
    ],
  });
}
