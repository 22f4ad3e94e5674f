// The configuration → the settings that flows work with: names made into ids, lists into sets.
import type { Config } from '../config/schema.ts';
import { isMatrixUserId } from '../domain/ids.ts';
import type { BridgeSettings } from '../flows/bridge.ts';
import { APPSERVICE_ID } from '../matrix/registration.ts';

/** Compiles the configuration, which has been checked before. */
export function compileSettings({
  matrix,
  fhir,
  people,
  powerLevels,
  invitations,
}: Config): BridgeSettings & { appserviceId: string } {
  const bot = `@${matrix.botLocalpart}:${matrix.serverName}`;
  if (!isMatrixUserId(bot))
    throw new TypeError('matrix.botLocalpart and matrix.serverName make no Matrix user id');
  return {
    appserviceId: APPSERVICE_ID,
    serverName: matrix.serverName,
    bot,
    ghostPrefix: matrix.ghostPrefix,
    pseudonymizationKey: people.pseudonymizationKey,
    trustedServers: new Set([matrix.serverName, ...matrix.trustedServers]),
    roomVersion: matrix.roomVersion,
    roomTemplates: {
      spaceName: matrix.spaceName,
      organizationSpaceName: matrix.organizationSpaceName,
      spaceTopic: matrix.spaceTopic,
      conversationName: matrix.conversationName,
      conversationTopic: matrix.conversationTopic,
      conversationSubject: matrix.conversationSubject,
    },
    levels: powerLevels,
    userMappings: { for: matrix.userMappings, email: matrix.userMappingEmail },
    membership: matrix.membership,
    userMadeRooms: matrix.userMadeRooms,
    inviteContext: invitations.context,
    namePolicy: people.namePolicy,
    avatars: people.avatars,
    deliverPreparation: fhir.deliverPreparation,
    sourceSystemExtension: fhir.sourceSystemExtension,
    idStrategy: fhir.idStrategy,
  };
}
