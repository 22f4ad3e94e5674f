// Free loopback ports for services that must know their port before they start.
import { createServer } from 'node:net';

// Below the range from which systems take ports for outgoing connections (Linux 32768, macOS 49152): such a connection
// could otherwise sit on a service's port just while the service restarts.
const LOWEST = 20_000;
const HIGHEST = 32_000;

const reserved = new Set<number>();

/** Names a loopback port on which nothing listens; never the same one twice in this process. */
export async function reservePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (reserved.has(port)) continue;
    reserved.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
