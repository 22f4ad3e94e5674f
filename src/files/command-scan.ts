// A scanner that is a program: it reads the file on its standard input and says by its exit code what it found.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteStream } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { passOn } from './pass-on.ts';
import type { Scan } from './scan.ts';

/** As of clamscan and clamdscan; every other code is no verdict. */
const VERDICTS: Readonly<Record<number, 'clean' | 'infected'>> = { 0: 'clean', 1: 'infected' };

/**
 * Creates the scanner. No shell is involved, and the program is given no variable of the bridge but PATH.
 * @param command the program and its arguments
 * @param timeoutMs how long a file may take
 */
export function createCommandScan([program = '', ...args]: readonly string[], timeoutMs: number): Scan {
  return async (content, signal) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'] },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      killSignal: 'SIGKILL',
    });
    const ended = once(child, 'close').then(
      ([code]: unknown[]) => (typeof code === 'number' ? VERDICTS[code] : undefined),
      () => undefined, // it could not be started, or was stopped
    );
    try {
      await feed(child, content);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    const verdict = await ended;
    if (verdict === undefined)
      throw new BridgeError('scanner-unavailable', 'the command ended without a verdict');
    return verdict;
  };
}

/** Writes the file to the program, or as much as it reads. Throws what the file itself throws. */
async function feed({ stdin }: ChildProcess, content: ByteStream): Promise<void> {
  if (stdin === null) return;
  // That the program stopped reading is told by how it ends.
  await passOn(content, (watched) =>
    pipeline(Readable.from(watched, { objectMode: false }), stdin).catch(() => undefined),
  );
}
