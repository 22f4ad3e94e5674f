// The two homeservers that the contract tests hold against each other: Synapse of the stack, and the stub.
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type { MatrixUserId, RoomId } from '../../src/domain/ids.ts';
import { createMatrixClient } from '../../src/matrix/client.ts';
import type { Homeserver } from '../../src/matrix/homeserver.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { reservePort } from '../../stack/ports.ts';
import { startStubHomeserver } from '../../stack/stub-homeserver/stub-homeserver.ts';

/** Both, for `describe.each`: what holds for the one must hold for the other. */
export const HOMESERVERS = [
  { name: 'Synapse', isMissing: inject('stackMissing') !== undefined },
  { name: 'the stub', isMissing: false },
] as const;

/** A raw answer. */
export interface Answer {
  readonly status: number;
  /** `errcode` of the body. */
  readonly errcode: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request by a ghost, with its device unless told otherwise; or with any other token, or none. */
export interface Asking {
  readonly as?: string;
  readonly device?: string | undefined;
  readonly token?: string | undefined;
  readonly query?: Readonly<Record<string, string | number>>;
  /** JSON, unless it is text. */
  readonly body?: unknown;
}

/** A homeserver under test. */
export interface Subject {
  readonly serverName: string;
  /** Where the bridge would listen, and what it is shown. */
  readonly appservice: { readonly port: number; readonly hsToken: string };
  /** The bridge's own operations. */
  readonly homeserver: Homeserver;
  /** Any request; paths are below `/_matrix/client/v3` unless they begin with `/_matrix`. */
  readonly ask: (method: string, path: string, asking?: Asking) => Promise<Answer>;
  /** A user id in the bridge's namespace which no other test has. */
  readonly idOf: (name: string) => MatrixUserId;
  /** Registers a ghost. */
  readonly ghost: (name: string) => Promise<MatrixUserId>;
  /** An alias localpart in the bridge's namespace which no other test has. */
  readonly aliasName: (name: string) => string;
  /** A room's whole state as `[type, state key, content]`, sorted. */
  readonly stateOf: (as: string, roomId: RoomId) => Promise<readonly unknown[]>;
  readonly end: () => Promise<void>;
}

/** Starts the stub, or takes the stack's Synapse. */
export async function startSubject(name: string): Promise<Subject> {
  const server = name === 'Synapse' ? synapse() : await stub();
  const { url, serverName, asToken } = server;
  const run = randomBytes(4).toString('hex');
  const homeserver = createHomeserver(
    createMatrixClient({
      homeserverUrl: url,
      asToken,
      maxConcurrentRequests: 8,
      requestTimeoutMs: 30_000,
      observe: () => () => undefined,
    }),
  );
  const ask = askingAt(url, asToken);
  const idOf = (localpart: string): MatrixUserId => `@_fhir_${run}${localpart}:${serverName}` as MatrixUserId;
  return {
    ...{ serverName, homeserver, ask, idOf, appservice: server.appservice, end: server.end },
    async ghost(localpart) {
      await homeserver.registerGhost(idOf(localpart));
      return idOf(localpart);
    },
    aliasName: (localpart) => `careteam/${run}${localpart}`,
    async stateOf(as, roomId) {
      const state = await homeserver.roomState(as as MatrixUserId, roomId);
      return state
        .map(({ type, state_key, content }) => [type, state_key, content] as const)
        .toSorted(([type, key], [otherType, otherKey]) =>
          `${type} ${key}` < `${otherType} ${otherKey}` ? -1 : 1,
        );
    },
  };
}

function synapse() {
  const { synapse: server, appservice } = inject('stack');
  return { ...server, asToken: appservice.asToken, appservice, end: () => Promise.resolve() };
}

async function stub() {
  const [asToken, hsToken] = ['the as_token of the stub', 'the hs_token of the stub'];
  const port = await reservePort();
  const appserviceUrl = `http://127.0.0.1:${port}`;
  const { url, serverName, stop } = await startStubHomeserver({
    serverName: 'stub.example:8448',
    ...{ asToken, hsToken, appserviceUrl },
  });
  return { url, serverName, asToken, appservice: { port, hsToken }, end: stop };
}

function askingAt(baseUrl: string, asToken: string): Subject['ask'] {
  return async (method, path, asking = {}) => {
    const { as, query = {}, body } = asking;
    const url = new URL(path.startsWith('/_matrix') ? path : `/_matrix/client/v3${path}`, baseUrl);
    const device = 'device' in asking ? asking.device : 'BRIDGE';
    const params: Readonly<Record<string, string | number>> = {
      ...query,
      ...(as !== undefined && { user_id: as, ...(device !== undefined && { device_id: device }) }),
    };
    for (const [key, value] of Object.entries(params)) url.searchParams.set(key, String(value));
    const token = 'token' in asking ? asking.token : asToken;
    const response = await fetch(url, {
      method,
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const answered = (await response.json()) as Answer['body'];
    const { errcode } = answered;
    return {
      status: response.status,
      errcode: typeof errcode === 'string' ? errcode : undefined,
      body: answered,
    };
  };
}
