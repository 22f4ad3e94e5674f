// A CareTeam as the definition of its space: its participants, and the rooms of its conversations.
import type { CareTeam } from '../../domain/fhir.ts';
import { parseReference, referenceTo, type RoomId } from '../../domain/ids.ts';
import { desiredSpace, isBlank } from '../../mapping/desired-room.ts';
import { participantsOf } from '../../mapping/fhir-to-matrix/participants.ts';
import { wantedForCareTeam } from '../../mapping/phases.ts';
import type { ActualState } from '../../mapping/room-changes.ts';
import { spaceTitle } from '../../mapping/room-names.ts';
import type { StoredResource } from '../../fhir/server.ts';
import { convergeItems } from '../items/converge.ts';
import type { Definition } from './definition.ts';
import { staleLinks } from './stale-links.ts';

/** Makes the definition. */
export function careTeamDefinition(careTeam: StoredResource<CareTeam>): Definition {
  const reference = referenceTo('CareTeam', careTeam.id);
  const subject = parseReference(careTeam.subject?.reference)?.reference;
  return {
    ...{ reference, kind: 'space', subject },
    ...{ versionId: careTeam.meta.versionId, lastUpdated: careTeam.meta.lastUpdated },
    ...{ adopted: undefined, firstMessage: undefined, authoredAt: undefined },
    team: () => careTeam,
    isForTeam: () => false,
    wanted: wantedForCareTeam(careTeam.status),
    place: () => Promise.resolve(undefined),
    people: (at) => participantsOf(careTeam, at),
    desired: async (bridge, { phase, members, confines, titleFacts, picture, actual }) => {
      const { store, db, settings } = bridge;
      const listed = await store.rooms.findChildRooms(db, reference);
      const children = childrenIn(actual);
      const listedIds = listed.map(({ roomId }) => roomId);
      const unlisted = [
        ...(await staleLinks(bridge, actual, 'm.space.child', listedIds)),
        ...(await store.adoptedRooms.findAdoptedByOthers(db, reference, children)),
      ];
      const title = spaceTitle(careTeam, settings.roomTemplates, titleFacts);
      return desiredSpace(
        reference,
        { phase, members, confines, title, picture },
        { listed, unlisted, via: settings.serverName },
      );
    },
    // The conversations that were waiting for a space, and those that may now be open to all who are left in it.
    following: async ({ store }, tx, cause) => {
      const waiting = subject === undefined ? [] : await store.rooms.findUnlinkedConversations(tx, subject);
      const keptClosed = await store.rooms.findKeptClosed(tx, reference);
      return convergeItems([...new Set([...waiting, ...keptClosed])], cause);
    },
  };
}

function childrenIn(actual: readonly ActualState[]): readonly RoomId[] {
  const children = actual.filter((event) => event.type === 'm.space.child' && !isBlank(event));
  return children.map(({ state_key: roomId }) => roomId as RoomId);
}
