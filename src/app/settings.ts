// The configuration → the settings that flows work with: names made into ids, lists into sets.
import type { Config } from '../config/schema.ts';
import { isMatrixUserId, parseReference } from '../domain/ids.ts';
import type { BridgeSettings } from '../flows/bridge.ts';
import { TEXTS } from '../mapping/language/languages.ts';
import type { RoomNames } from '../mapping/language/texts.ts';
import type { RoomTemplates } from '../mapping/room-names.ts';
import type { UnknownSender } from '../messages/author.ts';
import { FHIR_PROFILES } from '../mapping/fhir-profiles/profiles.ts';
import { TOPIC_EXTENSION } from '../mapping/threads/medplum-header.ts';

/**
 * Compiles the configuration, which has been checked before.
 * @throws TypeError when the bot's localpart and the server's name make no user id
 */
export function compileSettings(config: Config): BridgeSettings {
  const { matrix, fhir, people, powerLevels, invitations, messages, attachments, audit } = config;
  const { serverName, ghostPrefix, membership, userMadeRooms } = matrix;
  const { botName, botAvatar, teamPictures, joinThroughSpace, historyVisibility } = matrix;
  const { rooms } = TEXTS[messages.language];
  const { pseudonymizationKey, namePolicy, avatars, lenientTelecom, ownAccounts, mostPerRoom } = people;
  const { deliverPreparation, sourceSystemExtension, idStrategy, reportFailures } = fhir;
  const bot = `@${matrix.botLocalpart}:${serverName}`;
  if (!isMatrixUserId(bot))
    throw new TypeError('matrix.botLocalpart and matrix.serverName make no Matrix user id');
  const profile = FHIR_PROFILES[fhir.profile];
  return {
    ...{ serverName, bot, ghostPrefix, membership, userMadeRooms },
    ...{ botName, botAvatar, teamPictures, joinThroughSpace, historyVisibility },
    strangers: config.strangers,
    aliases: { space: matrix.spaceAlias, conversation: matrix.conversationAlias },
    ...{ pseudonymizationKey, namePolicy, avatars, lenientTelecom, ownAccounts, mostPerRoom },
    unknownSender: unknownSenderOf(people),
    ...{ deliverPreparation, sourceSystemExtension, idStrategy, reportFailures },
    adoptRoomsOf: new Set(matrix.adoptRoomsOf),
    trustedServers: new Set([serverName, ...matrix.trustedServers]),
    roomTemplates: roomTemplatesOf(matrix, rooms),
    messages: {
      ...{ ...messages, texts: TEXTS[messages.language] },
      ...{ maxFiles: attachments.maxCount, filesAs: attachments.recordedAs },
    },
    writeBackDelayMs: fhir.writeBackDelayMs,
    sendStatus: messages.sendStatus,
    waitForTargetMs: messages.waitForTargetMs,
    holdForMs: config.retention.heldMessagesMs,
    platformName: messages.platformName,
    levels: powerLevels,
    userMappings: { for: matrix.userMappings, email: matrix.userMappingEmail },
    inviteContext: invitations.context,
    audit: {
      ...{ bot, fhirBaseUrl: fhir.baseUrl, ...profile.audit },
      agentTypes: profile.targets['AuditEvent.agent.who'],
      profile: fhir.profile === 'generic' ? 'generic' : 'ozo',
      site: audit.site === '' ? serverName : audit.site,
    },
    profile,
    readState: config.readState,
  };
}

/** The templates; what the operator does not say is said in the language of the bridge. */
export function roomTemplatesOf(
  matrix: Pick<
    Config['matrix'],
    | ('conversationName' | 'conversationSubject' | 'conversationTopic')
    | ('organizationSpaceName' | 'spaceName' | 'spaceTopic' | 'timeZone')
  >,
  names: RoomNames,
): RoomTemplates {
  const { timeZone, organizationSpaceName, spaceTopic, conversationTopic, conversationSubject } = matrix;
  const { spaceName = names.spaceName, conversationName = names.conversationName } = matrix;
  return {
    ...{ timeZone, spaceName, organizationSpaceName, spaceTopic },
    ...{ conversationName, conversationTopic },
    conversationSubject: conversationSubject === 'topic' ? TOPIC_EXTENSION : conversationSubject,
    conversationFallback: names.conversationFallback,
  };
}

function unknownSenderOf({ unknownSender: as, senderPlaceholder }: Config['people']): UnknownSender {
  if (as !== 'placeholder') return { as };
  const reference = parseReference(senderPlaceholder)?.reference;
  if (reference === undefined)
    throw new TypeError(
      'people.unknownSender is placeholder: expected people.senderPlaceholder, such as Patient/unknown',
    );
  return { as, reference };
}
