// Homeserver operations on accounts: ghosts, their devices, names and pictures, and the ping.
import { z } from 'zod';
import type { MatrixUserId } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import {
  BRIDGE_DEVICE,
  isRefusal,
  MatrixRefusal,
  success,
  unlessRefused,
  type MatrixClient,
  type MatrixRequest,
} from './client.ts';

const profileSchema = z.looseObject({
  displayname: z.string().nullish(),
  avatar_url: z.string().nullish(),
});

/** The answer to a request that needs user-interactive authentication has no `errcode`, unlike that to a wrong token. */
function wantsAuthentication(error: unknown): boolean {
  return error instanceof BridgeError && error.code === 'matrix-token' && !(error instanceof MatrixRefusal);
}

/** Creates the operations on a client. */
export function createAccounts(client: MatrixClient) {
  return {
    /**
     * Registers a ghost (`M_USER_IN_USE` counts as success) and creates its device.
     * https://github.com/matrix-org/matrix-spec-proposals/pull/4190
     */
    async registerGhost(userId: MatrixUserId, signal?: AbortSignal): Promise<void> {
      const username = userId.slice(1, userId.indexOf(':'));
      const account = { type: 'm.login.application_service', username, inhibit_login: true };
      const device = { display_name: 'FHIR-Matrix bridge' };
      const request = { as: userId, withDevice: false, signal };
      await client
        .post('register', ['register'], success, { ...request, body: account })
        .catch((error: unknown) => {
          if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_USER_IN_USE') throw error;
        });
      await client.put('create device', ['devices', BRIDGE_DEVICE], success, { ...request, body: device });
    },

    /**
     * The name and picture that a user shows, and what else is in their profile.
     * @param as who asks; the user themselves where it is left out
     */
    async profile(userId: MatrixUserId, signal?: AbortSignal, as: MatrixUserId = userId) {
      const path = ['profile', userId];
      const request = { as, signal };
      return (await unlessRefused(client.get('read profile', path, profileSchema, request), 404)) ?? {};
    },

    /** Sets the display name of a ghost. */
    async setDisplayName(as: MatrixUserId, displayname: string, signal?: AbortSignal): Promise<void> {
      const path = ['profile', as, 'displayname'];
      await client.put('set display name', path, success, { as, body: { displayname }, signal });
    },

    /** Sets the picture of a ghost; undefined removes it. */
    async setAvatar(as: MatrixUserId, url: string | undefined, signal?: AbortSignal): Promise<void> {
      const body = { avatar_url: url ?? '' };
      await client.put('set avatar', ['profile', as, 'avatar_url'], success, { as, body, signal });
    },

    /**
     * Deactivates the account of a user of the bridge, and asks that what it showed be erased. Synapse lets an appservice do so without
     * more; a homeserver may want the user to authenticate, which no ghost can. Doing it again changes nothing.
     * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate
     * @returns whether it was done; else the operator of the homeserver has to
     */
    async deactivate(as: MatrixUserId, signal?: AbortSignal): Promise<boolean> {
      // Its device goes with it, so a second attempt has none.
      const request = { as, withDevice: false, body: { erase: true }, signal };
      try {
        await client.post('deactivate account', ['account', 'deactivate'], success, request);
        return true;
      } catch (error) {
        if (isRefusal(error, 400, 403, 404) || wantsAuthentication(error)) return false;
        throw error;
      }
    },

    /** Uploads a file without its name, which could name a person. @returns its `mxc://` URI */
    async upload(
      as: MatrixUserId,
      file: Required<MatrixRequest>['file'],
      signal?: AbortSignal,
    ): Promise<string> {
      const schema = z.object({ content_uri: z.string().startsWith('mxc://') });
      const request = { as, file, prefix: '/_matrix/media/v3', signal };
      return (await client.post('upload', ['upload'], schema, request)).content_uri;
    },

    /** Asks the homeserver to ping the bridge; from Synapse 1.132 on, success also ends its back-off. @returns milliseconds */
    async ping(as: MatrixUserId, appserviceId: string, signal?: AbortSignal): Promise<number> {
      const schema = z.object({ duration_ms: z.number() });
      const request = { as, prefix: '/_matrix/client/v1', body: { transaction_id: 'ping' }, signal };
      return (await client.post('ping', ['appservice', appserviceId, 'ping'], schema, request)).duration_ms;
    },
  };
}
