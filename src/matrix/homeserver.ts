// The homeserver's operations that the bridge uses, typed and checked (client-server API v1.19).
import { createAccounts } from './accounts.ts';
import type { MatrixClient } from './client.ts';
import { createMedia } from './media.ts';
import { createInvitations } from './invitations.ts';
import { createRoomStates } from './room-state.ts';
import { createAliases, createRooms } from './rooms.ts';
import { createSends } from './sends.ts';
import { createTimeline } from './timeline.ts';

/** Creates all operations on a client. Each throws BridgeError; refusals are MatrixRefusal. */
export function createHomeserver(client: MatrixClient) {
  return {
    ...createAccounts(client),
    ...createMedia(client),
    ...createRooms(client),
    ...createInvitations(client),
    ...createAliases(client),
    ...createRoomStates(client),
    ...createSends(client),
    ...createTimeline(client),
  };
}

export type Homeserver = ReturnType<typeof createHomeserver>;
