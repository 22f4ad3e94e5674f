// The configuration → the settings that flows work with: names made into ids, lists into sets.
import type { Config } from '../config/schema.ts';
import { isMatrixUserId } from '../domain/ids.ts';
import type { BridgeSettings } from '../flows/bridge.ts';

/**
 * Compiles the configuration, which has been checked before.
 * @throws TypeError when the bot's localpart and the server's name make no user id
 */
export function compileSettings(config: Config): BridgeSettings {
  const { matrix, fhir, people, powerLevels, invitations, messages } = config;
  const { serverName, ghostPrefix, roomVersion, membership, userMadeRooms } = matrix;
  const { spaceName, organizationSpaceName, spaceTopic } = matrix;
  const { conversationName, conversationTopic, conversationSubject } = matrix;
  const { pseudonymizationKey, namePolicy, avatars } = people;
  const { deliverPreparation, sourceSystemExtension, idStrategy } = fhir;
  const bot = `@${matrix.botLocalpart}:${serverName}`;
  if (!isMatrixUserId(bot))
    throw new TypeError('matrix.botLocalpart and matrix.serverName make no Matrix user id');
  return {
    ...{ serverName, bot, ghostPrefix, roomVersion, membership, userMadeRooms },
    ...{ pseudonymizationKey, namePolicy, avatars },
    ...{ deliverPreparation, sourceSystemExtension, idStrategy },
    trustedServers: new Set([serverName, ...matrix.trustedServers]),
    roomTemplates: {
      ...{ spaceName, organizationSpaceName, spaceTopic },
      ...{ conversationName, conversationTopic, conversationSubject },
    },
    messages,
    waitForTargetMs: messages.waitForTargetMs,
    levels: powerLevels,
    userMappings: { for: matrix.userMappings, email: matrix.userMappingEmail },
    inviteContext: invitations.context,
  };
}
