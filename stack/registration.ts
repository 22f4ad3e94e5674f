// The appservice registration which the stack's Synapse is given.

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
export type Registration = Readonly<Record<string, unknown>> & {
  readonly as_token: string;
  readonly hs_token: string;
};

/** The registration of the bridge: its ghosts and bot, and the aliases of CareTeams and CommunicationRequests. */
export function createRegistration({ serverName, url, asToken, hsToken }: RegistrationInput): Registration {
  const server = serverName.replaceAll('.', '\\.');
  const exclusive = (regex: string): { exclusive: true; regex: string } => ({ exclusive: true, regex });
  return {
    id: 'fhir',
    url,
    as_token: asToken,
    hs_token: hsToken,
    sender_localpart: '_fhir_appservice', // never used; the bridge works as @_fhir_bot, which can have a device
    rate_limited: false,
    receive_ephemeral: true,
    'de.sorunome.msc2409.push_ephemeral': true,
    'org.matrix.msc3202': true,
    'io.element.msc4190': true,
    namespaces: {
      users: [exclusive(`@_fhir_.*:${server}`)],
      aliases: [exclusive(`#careteam[/-].*:${server}`), exclusive(`#communicationrequest[/-].*:${server}`)],
      rooms: [],
    },
  };
}
