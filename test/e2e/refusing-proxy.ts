// A proxy before the FHIR server that refuses to take AuditEvents for as long as a test wants.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running proxy. */
export interface RefusingProxy {
  /** The FHIR server's base URL by way of the proxy. */
  readonly url: string;
  /** Whether it refuses now. */
  refuses: boolean;
  /** How many it has refused. */
  refused: number;
  readonly end: () => Promise<void>;
}

/** Starts it. The `Host` header goes through, so that the server’s links to next pages lead through the proxy too. */
export async function startRefusingProxy(fhirUrl: string): Promise<RefusingProxy> {
  const target = new URL(fhirUrl);
  const server = createServer((incoming, answer) => {
    if (proxy.refuses && incoming.method !== 'GET' && incoming.url?.includes('/AuditEvent') === true) {
      proxy.refused += 1;
      incoming.resume();
      answer.writeHead(503, { 'content-type': 'application/fhir+json' });
      answer.end(JSON.stringify({ resourceType: 'OperationOutcome', issue: [] }));
      return;
    }
    pass(target, incoming, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: RefusingProxy = {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    refuses: false,
    refused: 0,
    end: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return proxy;
}

function pass({ hostname, port }: URL, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, url: path, headers } = incoming;
  const outgoing = request({ hostname, port, method, path, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  outgoing.on('error', () => answer.destroy());
  incoming.pipe(outgoing);
}
