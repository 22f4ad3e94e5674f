// A CommunicationRequest as the definition of its room: in its team's space, with its people and its first message.
import type { CommunicationRequest } from '../../domain/fhir.ts';
import { parseReference, referenceTo } from '../../domain/ids.ts';
import { authoredAt } from '../../mapping/child-order.ts';
import { desiredConversation } from '../../mapping/desired-room.ts';
import { authorOf, partiesOf } from '../../mapping/fhir-to-matrix/participants.ts';
import { roomOfRequest } from '../../mapping/matrix-to-fhir/room-request.ts';
import { wantedForRequest } from '../../mapping/phases.ts';
import { conversationTitle } from '../../mapping/room-names.ts';
import type { StoredResource } from '../../fhir/server.ts';
import { readTasksItems } from '../items/read-tasks.ts';
import { releaseWaiting } from '../items/waiting.ts';
import type { Definition, FirstMessage } from './definition.ts';
import { placementOf } from './placement.ts';
import { staleLinks } from './stale-links.ts';
import { instantOf } from '../../mapping/periods.ts';

/** Makes the definition. */
export function requestDefinition(request: StoredResource<CommunicationRequest>): Definition {
  const reference = referenceTo('CommunicationRequest', request.id);
  return {
    ...{ reference, kind: 'conversation' },
    ...{ versionId: request.meta.versionId, lastUpdated: request.meta.lastUpdated },
    subject: parseReference(request.subject?.reference)?.reference,
    wanted: wantedForRequest(request.status),
    adopted: roomOfRequest(request),
    firstMessage: firstMessageIn(request),
    place: (reads, current, spaceOf) => placementOf(request, current, reads, spaceOf),
    people: () => partiesOf(request),
    authoredAt: authoredAt(request.authoredOn),
    team: (placement) => placement?.careTeam,
    isForTeam: ({ reference: team }) => partiesOf(request).careTeams.includes(team),
    desired: async (bridge, { placement, entry, titleFacts, actual, ...basis }) => {
      const { roomTemplates, serverName: via } = bridge.settings;
      const spaces = placement === undefined ? [] : [placement.roomId];
      return desiredConversation(
        reference,
        { ...basis, title: conversationTitle(request, roomTemplates, titleFacts) },
        placement && { roomId: placement.roomId, via, entry },
        await staleLinks(bridge, actual, 'm.space.parent', spaces),
      );
    },
    following: async ({ store, settings }, tx, cause) => {
      const isUnsafe = (await store.rooms.findRoom(tx, reference))?.unsafe === true;
      return [
        ...readTasksItems(settings, reference, cause),
        ...(isUnsafe ? [] : await releaseWaiting(store, tx, [reference], cause)),
      ];
    },
  };
}

function firstMessageIn(request: CommunicationRequest): FirstMessage | undefined {
  const { payload = [], authoredOn = '' } = request;
  const sentAt = instantOf(authoredOn);
  if (payload.length === 0) return undefined;
  return { payload, author: authorOf(request), sentAt: sentAt >= 0 ? sentAt : undefined };
}
