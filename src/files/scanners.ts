// The choice among the scanners for malware. Without a verdict a file is not carried.
import { createClamd } from './clamd.ts';
import { createCommandScan } from './command-scan.ts';
import type { Scan } from './scan.ts';

/** Which scanner, and how long it may take for a file. */
export interface ScannerOptions {
  readonly scanner: 'off' | 'clamd' | 'command';
  /** `host:port`, or the path of a socket. */
  readonly clamdAddress?: string | undefined;
  /** A program and its arguments. */
  readonly scanCommand?: readonly string[] | undefined;
  readonly scanTimeoutMs: number;
}

/** Creates the scanner. */
export function createScan(options: ScannerOptions): Scan {
  const { scanner, clamdAddress = '', scanCommand = [], scanTimeoutMs: timeoutMs } = options;
  switch (scanner) {
    case 'off':
      return readToEnd;
    case 'clamd':
      return createClamd(clamdAddress, timeoutMs);
    case 'command':
      return createCommandScan(scanCommand, timeoutMs);
  }
}

const readToEnd: Scan = async (content) => {
  const chunks = content[Symbol.asyncIterator]();
  while ((await chunks.next()).done !== true) continue;
  return 'clean';
};
