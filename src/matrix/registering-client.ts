// A client that registers a user of the bridge anew, once, where the homeserver does not know it or its device any more.
import type { MatrixUserId } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { createAccounts } from './accounts.ts';
import { MatrixRefusal, type MatrixClient, type MatrixRequest } from './client.ts';

interface Deps {
  readonly client: MatrixClient;
  /** Called once a user was registered anew: what it showed of itself may be gone. */
  readonly onRegistered: (userId: MatrixUserId) => Promise<void>;
}

/**
 * Creates the client. A device may be deleted, and a homeserver restored to a state from before a user was registered: the
 * request is made again after the registration, in which it can only fail as any other does.
 */
export function withRegistration({ client, onRegistered }: Deps): MatrixClient {
  const accounts = createAccounts(client);
  const underWay = new Map<MatrixUserId, Promise<void>>();

  /** Of many requests that fail at one time, the first registers. */
  function register(userId: MatrixUserId): Promise<void> {
    const registered =
      underWay.get(userId) ??
      accounts
        .registerGhost(userId)
        .then(() => onRegistered(userId))
        .finally(() => underWay.delete(userId));
    underWay.set(userId, registered);
    return registered;
  }

  async function orRegistered<T>(request: MatrixRequest, make: () => Promise<T>): Promise<T> {
    try {
      return await make();
    } catch (error) {
      // A request without a device is part of a registration.
      const isUnknown = error instanceof MatrixRefusal && error.isOfUnknownUser;
      if (request.withDevice === false || !isUnknown) throw error;
    }
    await register(request.as);
    // What has flowed of a file is gone.
    if (request.file !== undefined && !('bytes' in request.file))
      throw new BridgeError('matrix-unavailable', 'a user of the bridge was registered anew');
    return make();
  }

  return {
    get: (operation, path, schema, request) =>
      orRegistered(request, () => client.get(operation, path, schema, request)),
    put: (operation, path, schema, request) =>
      orRegistered(request, () => client.put(operation, path, schema, request)),
    post: (operation, path, schema, request) =>
      orRegistered(request, () => client.post(operation, path, schema, request)),
    delete: (operation, path, schema, request) =>
      orRegistered(request, () => client.delete(operation, path, schema, request)),
    open: (operation, path, request) => orRegistered(request, () => client.open(operation, path, request)),
  };
}
