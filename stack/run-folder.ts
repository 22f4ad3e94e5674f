// The folder of one run of the stack: the services' data and logs, removed by the guard at the end.
import { chmod, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Guard } from './guard.ts';

/** Where one run keeps its files. */
export interface RunFolder {
  readonly path: string;
  readonly logs: string;
}

/** Makes a run folder with its `logs`; unless `keep`, the guard removes it once all services have ended. */
export async function createRunFolder(guard: Guard, keep: boolean): Promise<RunFolder> {
  const path = await mkdtemp(join(tmpdir(), 'fhir-matrix-bridge-'));
  if (!keep) guard.removeAtEnd(path);
  await chmod(path, 0o711); // PostgreSQL's account, when we are root, must get through to its data
  const logs = join(path, 'logs');
  await mkdir(logs, { mode: 0o700 });
  return { path, logs };
}
