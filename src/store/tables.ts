// The tables that the flows work on: for each, the functions of its file.
import type { PayloadCodec } from '../domain/stored-payload.ts';
import * as adoptedRooms from './adopted-rooms.ts';
import { createArrivals } from './arrivals.ts';
import * as conversationMessages from './conversation-messages.ts';
import * as cursors from './cursors.ts';
import { createEncryptedTexts } from './encrypted-texts.ts';
import * as fileCopies from './file-copies.ts';
import * as forgettings from './forgettings.ts';
import * as forgottenPeople from './forgotten-people.ts';
import * as formerLinks from './former-links.ts';
import * as formerRooms from './former-rooms.ts';
import * as identityAudit from './identity-audit.ts';
import * as invitations from './invitations.ts';
import * as notices from './notices.ts';
import * as orphanedRooms from './orphaned-rooms.ts';
import * as people from './people.ts';
import * as reportedFailures from './reported-failures.ts';
import * as personalData from './personal-data.ts';
import * as pictures from './pictures.ts';
import * as pushes from './pushes.ts';
import * as readPositions from './read-positions.ts';
import * as receipts from './receipts.ts';
import * as resourceVersions from './resource-versions.ts';
import * as restorations from './restorations.ts';
import * as restoredRooms from './restored-rooms.ts';
import * as roomResources from './room-resources.ts';
import * as roomMembers from './room-members.ts';
import * as roomSafety from './room-safety.ts';
import * as roomUses from './room-uses.ts';
import * as rooms from './rooms.ts';
import * as roomsBehind from './rooms-behind.ts';
import * as strangers from './strangers.ts';
import * as untoldMessages from './untold-messages.ts';
import { createWaitingItems } from './waiting-items.ts';
import * as writeBacks from './write-backs.ts';

/** Creates the tables by name. @param payloads how the content of rows is stored */
export function createTables(payloads: PayloadCodec) {
  return {
    ...{
      adoptedRooms,
      arrivals: createArrivals(payloads),
      conversationMessages,
      cursors,
      fileCopies,
      formerLinks,
      formerRooms,
      identityAudit,
      invitations,
      notices,
      people,
      pushes,
      readPositions,
      receipts,
    },
    ...createEncryptedTexts(payloads),
    ...{ orphanedRooms, pictures, reportedFailures, resourceVersions, restorations, restoredRooms },
    ...{ roomMembers, roomResources, roomSafety, roomUses, rooms, roomsBehind, strangers },
    ...{ forgettings, forgottenPeople, personalData, untoldMessages, writeBacks },
    waitingItems: createWaitingItems(payloads),
  };
}

/** The functions of all these tables. */
export type Store = ReturnType<typeof createTables>;
