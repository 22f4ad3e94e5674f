// The two homeservers of the benchmark behind one form: Synapse behind a counting proxy, and the stub, which counts itself.
import type { RequestCounts } from '../../stack/stub-homeserver/request-counts.ts';
import { startStubHomeserver } from '../../stack/stub-homeserver/stub-homeserver.ts';
import { registerUser } from '../../stack/synapse.ts';
import type { Stack } from '../../stack/stack.ts';
import { matrixOperation, startCountingProxy } from './counting-proxy.ts';

/** A homeserver that tells what it is asked. */
export interface CountedHomeserver {
  /** Where the bridge is to reach it. */
  readonly url: string;
  readonly serverName: string;
  readonly addPerson: (localpart: string) => Promise<Person>;
  readonly requests: () => RequestCounts;
  readonly reset: () => void;
  readonly stop: () => Promise<void>;
}

/** Someone with an account of their own. */
export interface Person {
  readonly userId: string;
  /** Accepts an invitation; not counted on Synapse, where people do not go through the proxy. */
  readonly join: (alias: string) => Promise<void>;
}

/** Puts a proxy before the stack's Synapse. */
export async function countSynapse({ synapse }: Pick<Stack, 'synapse'>): Promise<CountedHomeserver> {
  const { url, requests, reset, stop } = await startCountingProxy(synapse.url, matrixOperation);
  return {
    ...{ url, requests, reset, stop, serverName: synapse.serverName },
    async addPerson(localpart) {
      const { userId, accessToken } = await registerUser(synapse, { localpart });
      return { userId, join: joining(synapse.url, accessToken) };
    },
  };
}

/** Starts a stub which pushes to the stack's bridge. */
export async function countStub({ appservice }: Pick<Stack, 'appservice'>): Promise<CountedHomeserver> {
  const { asToken, hsToken, url: appserviceUrl } = appservice;
  const serverName = 'stub.example';
  const stub = await startStubHomeserver({ serverName, asToken, hsToken, appserviceUrl });
  return {
    ...stub,
    addPerson(localpart) {
      const { userId, accessToken } = stub.addUser(localpart);
      return Promise.resolve({ userId, join: joining(stub.url, accessToken) });
    },
  };
}

function joining(url: string, accessToken: string): Person['join'] {
  return async (alias) => {
    const response = await fetch(`${url}/_matrix/client/v3/join/${encodeURIComponent(alias)}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}` },
      body: '{}',
    });
    if (!response.ok) throw new Error(`Joining ${alias}: ${response.status} ${await response.text()}`);
  };
}
