// The certificate under which the stack's homeservers find each other: self-signed, for localhost, new for each run.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Guard } from './guard.ts';
import { runToEnd } from './service.ts';

const program = fileURLToPath(new URL('./certificate.py', import.meta.url));

/** The files of a certificate, which is its own authority. */
export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
}

/**
 * Makes the certificate and its key.
 * @param python of Synapse's virtual environment, which has the library for it: nothing else need be installed
 */
export async function createCertificate(
  guard: Guard,
  { python, folder, logFolder }: { python: string; folder: string; logFolder: string },
): Promise<Certificate> {
  const certificatePath = join(folder, 'localhost.crt');
  const keyPath = join(folder, 'localhost.key');
  await runToEnd(guard, 'Making a certificate for localhost', {
    command: python,
    args: [program, certificatePath, keyPath],
    log: join(logFolder, 'certificate.log'),
  });
  return { certificatePath, keyPath };
}
