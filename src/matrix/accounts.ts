// Homeserver operations on accounts: ghosts, their devices and names, and the ping.
import { z } from 'zod';
import type { MatrixUserId } from '../domain/ids.ts';
import type { MatrixClient } from './client.ts';
import { BRIDGE_DEVICE, MatrixRefusal } from './client.ts';

const nothing = z.looseObject({});
const segment = encodeURIComponent;

/** Creates the operations on a client. */
export function createAccounts(client: MatrixClient) {
  return {
    /**
     * Registers a ghost (`M_USER_IN_USE` counts as success) and creates its device.
     * https://github.com/matrix-org/matrix-spec-proposals/pull/4190
     */
    async registerGhost(userId: MatrixUserId, signal?: AbortSignal): Promise<void> {
      await register(client, userId, signal);
      await client.request(
        {
          operation: 'create device',
          method: 'PUT',
          path: `/devices/${BRIDGE_DEVICE}`,
          as: userId,
          withDevice: false,
          body: { display_name: 'FHIR-Matrix bridge' },
          signal,
        },
        nothing,
      );
    },

    /** Sets the display name of a ghost. */
    async setDisplayName(userId: MatrixUserId, displayName: string, signal?: AbortSignal): Promise<void> {
      const path = `/profile/${segment(userId)}/displayname`;
      await client.request(
        {
          operation: 'set display name',
          method: 'PUT',
          path,
          as: userId,
          body: { displayname: displayName },
          signal,
        },
        nothing,
      );
    },

    /** Sets the picture of a ghost; undefined removes it. */
    async setAvatar(userId: MatrixUserId, url: string | undefined, signal?: AbortSignal): Promise<void> {
      const path = `/profile/${segment(userId)}/avatar_url`;
      const body = { avatar_url: url ?? '' };
      await client.request(
        { operation: 'set avatar', method: 'PUT', path, as: userId, body, signal },
        nothing,
      );
    },

    /** Asks the homeserver to ping the bridge; from Synapse 1.132 on, success also ends its back-off. @returns milliseconds */
    async ping(as: MatrixUserId, appserviceId: string, signal?: AbortSignal): Promise<number> {
      const answer = await client.request(
        {
          operation: 'ping',
          method: 'POST',
          prefix: '/_matrix/client/v1',
          path: `/appservice/${segment(appserviceId)}/ping`,
          as,
          body: { transaction_id: 'ping' },
          signal,
        },
        z.object({ duration_ms: z.number() }),
      );
      return answer.duration_ms;
    },
  };
}

async function register(client: MatrixClient, userId: MatrixUserId, signal?: AbortSignal): Promise<void> {
  const username = userId.slice(1, userId.indexOf(':'));
  const body = { type: 'm.login.application_service', username, inhibit_login: true };
  try {
    await client.request(
      {
        operation: 'register',
        method: 'POST',
        path: '/register',
        as: userId,
        withDevice: false,
        body,
        signal,
      },
      nothing,
    );
  } catch (error) {
    if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_USER_IN_USE') throw error;
  }
}
