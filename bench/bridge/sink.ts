// Stands in for the bridge while none runs: takes the transactions of the homeserver, so that it does not try in vain.
import { createServer } from 'node:http';

/** Listens where the homeserver expects its bridge. @returns ends it */
export async function openSink(port: number): Promise<() => Promise<void>> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    incoming.on('end', () => {
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => {
        resolve();
      });
    });
}
