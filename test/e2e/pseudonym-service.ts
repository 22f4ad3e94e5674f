// A pseudonym service that gives `token-1`, `token-2` … and knows the patients behind some tokens.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const BEARER = 'bearer-of-the-pseudonym-service';

/** What was asked of the service. */
export interface Asked {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The running service. */
export interface PseudonymService {
  readonly asked: readonly Asked[];
  /** By which a bridge asks it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly end: () => void;
}

/** Starts the service. @param patientOf whom a token stands for, as the bridge that asks knows them */
export async function startPseudonymService(
  patientOf = (token: unknown): string | undefined =>
    token === 'known-token' ? 'Patient/of-ours' : undefined,
): Promise<PseudonymService> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void text(request).then((received) => {
      const body = JSON.parse(received) as Asked['body'];
      asked.push({ path: request.url, authorization: request.headers.authorization, body });
      const patient = patientOf(body['token']);
      const isKnown = request.url === '/tokens' || patient !== undefined;
      const answer = request.url === '/tokens' ? { token: `token-${asked.length}` } : { patient };
      response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isKnown ? answer : { error: 'unknown' }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    environment: {
      BRIDGE_INVITATIONS_TOKEN_URL: `${url}/tokens`,
      BRIDGE_INVITATIONS_RESOLVER_URL: `${url}/patients`,
      BRIDGE_INVITATIONS_BEARER_TOKEN: BEARER,
    },
    end() {
      server.close();
      server.closeAllConnections();
    },
  };
}
