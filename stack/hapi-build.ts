// Builds the FHIR server of stack/hapi with Maven, into the cache.
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, cacheKey, isCached, sourcesKey } from './cache.ts';
import type { Guard } from './guard.ts';
import type { Java } from './requirements.ts';
import { runToEnd } from './service.ts';

const project = fileURLToPath(new URL('./hapi', import.meta.url));
const sources = ['pom.xml', 'src'];

/** The built FHIR server, there or to be made. */
export interface HapiBuild {
  /** Whether an earlier run built it. */
  readonly isBuilt: boolean;
  /** Builds it unless it is, and returns its executable jar, which finds its libraries in `lib/` beside it. */
  build(guard: Guard, logFolder: string, java: Java): Promise<string>;
}

/** Looks up the build of the present sources. */
export async function findHapiBuild(): Promise<HapiBuild> {
  const name = `hapi-${cacheKey([await sourcesKey(project, sources)])}`;
  return {
    isBuilt: await isCached(name),
    async build(guard, logFolder, java) {
      const folder = await cached(guard, name, async (building) => {
        // Built in a copy, so that the work tree stays as it is and two builds do not meet in one target folder.
        const copy = join(building, 'project');
        await mkdir(copy);
        for (const entry of sources) await cp(join(project, entry), join(copy, entry), { recursive: true });
        await runToEnd(guard, 'Building the FHIR server with Maven', {
          command: 'mvn',
          args: ['-q', '-B', '-f', join(copy, 'pom.xml'), 'package'],
          env: { JAVA_HOME: java.home },
          log: join(logFolder, 'hapi-build.log'),
        });
        for (const part of ['fhir-server.jar', 'lib'])
          await rename(join(copy, 'target', part), join(building, part));
        await rm(copy, { recursive: true });
      });
      return join(folder, 'fhir-server.jar');
    },
  };
}
