// All homeserver operations that the bridge uses, with checked types. https://spec.matrix.org/v1.19/client-server-api/
import { createAccounts } from './accounts.ts';
import type { MatrixClient } from './client.ts';
import { createContinuity } from './continuity.ts';
import { createInvitations } from './invitations.ts';
import { createPastRooms } from './past-rooms.ts';
import { createReceipts } from './receipts.ts';
import { createRoomStates } from './room-state.ts';
import { createRoomDirectory } from './room-directory.ts';
import { createRooms } from './rooms.ts';
import { createSends } from './sends.ts';
import { createSync } from './sync.ts';
import { createTimeline } from './timeline.ts';

/** All operations on a client. Each throws BridgeError; a refusal of the homeserver is a MatrixRefusal. */
export function createHomeserver(client: MatrixClient) {
  return {
    ...createAccounts(client),
    ...createContinuity(client),
    ...createRooms(client),
    ...createRoomDirectory(client),
    ...createInvitations(client),
    ...createRoomStates(client),
    ...createSends(client),
    ...createReceipts(client),
    ...createPastRooms(client),
    ...createTimeline(client),
    ...createSync(client),
  };
}

export type Homeserver = ReturnType<typeof createHomeserver>;
