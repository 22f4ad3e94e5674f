// Ghosts as an appservice makes and uses them, by plain requests with its token.
import { z } from 'zod';

/** The device of every ghost of the bridge; with one, Synapse keeps transaction ids as it does for the bridge. */
const DEVICE = 'BRIDGE';

/** Makes requests as ghosts. */
export interface Ghosts {
  /** Registers one, with its device. @returns the user id */
  add(localpart: string): Promise<string>;
  /** Makes a room of these users. @returns its id */
  createRoom(as: string, invited: readonly string[]): Promise<string>;
  join(as: string, roomId: string): Promise<void>;
  send(as: string, roomId: string, transactionId: string, content: object): Promise<void>;
}

const roomSchema = z.object({ room_id: z.string() });

/** Creates it. */
export function createGhosts(
  { url, serverName }: { readonly url: string; readonly serverName: string },
  asToken: string,
): Ghosts {
  async function call(method: string, path: string, as: string, body: object, device = DEVICE) {
    const query = new URLSearchParams({ user_id: as, ...(device !== '' && { device_id: device }) });
    const response = await fetch(`${url}/_matrix/client/v3/${path}?${query.toString()}`, {
      method,
      headers: { authorization: `Bearer ${asToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as unknown;
  }
  return {
    async add(localpart) {
      const userId = `@${localpart}:${serverName}`;
      const account = { type: 'm.login.application_service', username: localpart, inhibit_login: true };
      await call('POST', 'register', userId, account, '');
      await call('PUT', `devices/${DEVICE}`, userId, { display_name: 'Benchmark' }, '');
      return userId;
    },
    async createRoom(as, invite) {
      return roomSchema.parse(await call('POST', 'createRoom', as, { preset: 'private_chat', invite }))
        .room_id;
    },
    async join(as, roomId) {
      await call('POST', `join/${encodeURIComponent(roomId)}`, as, {});
    },
    async send(as, roomId, transactionId, content) {
      const room = encodeURIComponent(roomId);
      await call('PUT', `rooms/${room}/send/m.room.message/${transactionId}`, as, content);
    },
  };
}
