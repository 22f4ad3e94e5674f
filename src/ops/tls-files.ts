// The certificate and key of a listener: read from their files, and again when these have changed.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { Log } from '../telemetry/log.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities for client certificates. A client can also connect without one. */
  readonly clientCaFile?: string | undefined;
  /** How often the files are checked for changes. */
  readonly lookEveryMs?: number;
}

interface Pem {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

const LOOK_EVERY_MS = 60_000;

/**
 * Reads the files.
 * @throws Error `ENOENT` and the like, or when they hold no certificate, key and authority that can be used
 */
export async function readTlsFiles({ certFile, keyFile, clientCaFile }: TlsFiles): Promise<Pem> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error(`${keyFile} is not the key of ${certFile}`);
  if (clientCaFile === undefined) return { cert, key };
  const ca = await readFile(clientCaFile, 'utf8');
  // Node reads an empty file as all public authorities.
  new X509Certificate(ca);
  return { cert, key, ca };
}

/**
 * Uses the present content of the files for new connections. If it is not valid, such as half of a change, the content before stays
 * in use.
 * @param inUse the content at the start
 * @returns a function that ends the watching
 */
export function followTlsFiles(server: Server, files: TlsFiles, inUse: Pem, log: Log): () => void {
  let last = JSON.stringify(inUse);
  async function look(): Promise<void> {
    try {
      const pem = await readTlsFiles(files);
      const read = JSON.stringify(pem);
      if (read === last) return;
      server.setSecureContext(pem);
      last = read;
      log.info({ certFile: files.certFile }, 'The certificate of a listener was renewed');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      log.warn({ certFile: files.certFile, code }, 'The certificate of a listener could not be renewed');
    }
  }
  const timer = setInterval(() => void look(), files.lookEveryMs ?? LOOK_EVERY_MS).unref();
  return () => {
    clearInterval(timer);
  };
}
