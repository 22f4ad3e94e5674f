// Pseudonyms of patients: what the flows ask of the service that makes and reads the tokens in invitations, and the lack of one.
import type { EventId, FhirReference } from '../domain/ids.ts';

/** A patient to be named to another homeserver. */
interface TokenRequest {
  readonly subject: FhirReference;
  /** The homeserver of the invited user, who alone is to make sense of the token. */
  readonly recipientServer: string;
}

/** A token as it came with an invitation. */
export interface ReceivedToken {
  readonly token: string;
  /** The platform that is said to have given it, where the invitation says so. */
  readonly platform: string | undefined;
  /** The homeserver of the inviting user. */
  readonly senderServer: string;
  /** The invitation: asked again with the same one, a single-use token still has its meaning. */
  readonly invitation: EventId;
}

/** Makes and reads tokens. Each method throws BridgeError where it cannot tell. */
export interface Pseudonyms {
  /** Whether received tokens can be read at all. */
  readonly canResolve: boolean;
  /** A token to be used once; undefined when the patient has none. */
  readonly tokenFor: (request: TokenRequest, signal: AbortSignal) => Promise<string | undefined>;
  /** The Patient that a token stands for; undefined when it stands for no patient here. */
  readonly resolve: (received: ReceivedToken, signal: AbortSignal) => Promise<FhirReference | undefined>;
}

/** Where no service is configured: no patient is named, and none recognised. */
export const noPseudonyms: Pseudonyms = {
  canResolve: false,
  tokenFor: () => Promise.resolve(undefined),
  resolve: () => Promise.resolve(undefined),
};
