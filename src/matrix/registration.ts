// The appservice registration for Synapse, generated so that it has exactly the settings on which the bridge relies.
import { stringify } from 'yaml';

/** The settings that go into the registration. */
interface RegistrationOptions {
  readonly serverName: string;
  /** The URL at which the homeserver reaches the bridge. */
  readonly appserviceUrl: string;
  readonly asToken: string;
  readonly hsToken: string;
  readonly ghostPrefix: string;
  /** The localparts of the bridge's aliases, `*` standing for any text. */
  readonly aliasPatterns: readonly string[];
  /** Whether receipts are pushed. Typing then comes with them: there is no registration for the ones without the other. */
  readonly receipts: boolean;
}

/** The id of the registration; the ping endpoint needs it too. */
export const APPSERVICE_ID = 'fhir-matrix-bridge';

/**
 * The registration, with stable and unstable flags, because homeservers differ in which they read.
 * https://spec.matrix.org/v1.19/application-service-api/#registration
 */
export function registration(options: RegistrationOptions): Readonly<Record<string, unknown>> {
  const { serverName, appserviceUrl, asToken, hsToken, ghostPrefix, aliasPatterns, receipts } = options;
  const server = escapeRegex(serverName);
  // Without the $, ids of servers whose names begin with ours would match too.
  const exclusive = (regex: string): object => ({ exclusive: true, regex: `${regex}:${server}$` });
  const anyText = (pattern: string): string => pattern.split('*').map(escapeRegex).join('.*');
  return {
    id: APPSERVICE_ID,
    url: appserviceUrl,
    as_token: asToken,
    hs_token: hsToken,
    // Never used, because this user has no device and no sync. The bot is a user of the namespace.
    sender_localpart: `${ghostPrefix}appservice`,
    rate_limited: false,
    receive_ephemeral: receipts,
    'de.sorunome.msc2409.push_ephemeral': receipts,
    'io.element.msc4190': true,
    protocols: [],
    namespaces: {
      users: [exclusive(`@${escapeRegex(ghostPrefix)}.*`)],
      aliases: aliasPatterns.map((pattern) => exclusive(`#${anyText(pattern)}`)),
      rooms: [],
    },
  };
}

/** The text of `registration.yaml`. */
export function registrationYaml(options: RegistrationOptions): string {
  return [
    '# Appservice registration of fhir-matrix-bridge. Generated: fhir-matrix-bridge registration',
    '# Name this file in app_service_config_files of homeserver.yaml, and restart Synapse after every change.',
    stringify(registration(options)),
  ].join('\n');
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
