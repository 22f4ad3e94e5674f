// Installs Synapse from PyPI into a virtual environment in the cache.
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, cacheKey, isCached } from './cache.ts';
import type { Guard } from './guard.ts';
import type { Python } from './requirements.ts';
import { runToEnd } from './service.ts';

const requirementsFile = fileURLToPath(new URL('./synapse-requirements.txt', import.meta.url));

/** An installation of Synapse, there or to be made. */
export interface SynapseInstallation {
  /** The pinned version. */
  readonly version: string;
  /** Whether an earlier run installed it. */
  readonly isInstalled: boolean;
  /** Installs it unless it is, and returns the Python that runs it. */
  install(guard: Guard, logFolder: string): Promise<string>;
}

/** Looks up the installation of the pinned requirements for this Python. */
export async function findSynapse(python: Python): Promise<SynapseInstallation> {
  const requirements = await readFile(requirementsFile, 'utf8');
  const version = /^matrix-synapse==(.+)$/m.exec(requirements)?.[1] ?? 'unknown';
  const name = `synapse-${cacheKey([requirements, python.version, python.prefix, process.arch])}`;
  return {
    version,
    isInstalled: await isCached(name),
    async install(guard, logFolder) {
      const log = join(logFolder, 'synapse-install.log');
      const folder = await cached(guard, name, async (building) => {
        await runToEnd(guard, 'Creating the virtual environment for Synapse', {
          ...{ command: python.program, args: ['-m', 'venv', building], log },
        });
        const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--only-binary=:all:'];
        await runToEnd(guard, 'Installing Synapse from PyPI', {
          ...{ command: join(building, 'bin/python'), args: [...pip, '-r', requirementsFile], log },
        });
        await copyFile(requirementsFile, join(building, 'requirements.txt'));
      });
      // Scripts of a virtual environment name the folder it was made in; its Python finds the new one by itself.
      return join(folder, 'bin/python');
    },
  };
}
