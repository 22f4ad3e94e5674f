// Builds the FHIR server of stack/hapi with Maven, into the cache.
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, cacheKey, isCached, sourcesKey } from './cache.ts';
import type { Guard } from './guard.ts';
import type { Java } from './requirements.ts';
import { runToEnd } from './service.ts';

const project = fileURLToPath(new URL('./hapi', import.meta.url));
const sources = ['pom.xml', 'src'];

/** What every start of the server has; an archive of class data fits only the flags it was made with. */
export const JVM_FLAGS: readonly string[] = ['-Xmx1g', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** The executable jar, which finds its libraries in `lib/` beside it, and the archive with which it starts in half the time. */
export interface HapiServer {
  readonly jar: string;
  readonly archive: string;
}

/** The built FHIR server, there or to be made. */
export interface HapiBuild {
  /** Whether an earlier run built it. */
  readonly isBuilt: boolean;
  /** Builds it unless it is. */
  build(guard: Guard, logFolder: string): Promise<HapiServer>;
}

/** Looks up the build of the present sources for this Java. */
export async function findHapiBuild(java: Java): Promise<HapiBuild> {
  const name = `hapi-${cacheKey([await sourcesKey(project, sources), java.home, java.version])}`;
  return {
    isBuilt: await isCached(join(name, ARCHIVE)),
    async build(guard, logFolder) {
      const log = join(logFolder, 'hapi-build.log');
      const folder = await cached(guard, name, (building) => buildJar(guard, java, building, log));
      const server = { jar: join(folder, JAR), archive: join(folder, ARCHIVE) };
      // Made where it is used: it fits the jar at this very path only.
      if (!(await isCached(join(name, ARCHIVE)))) await trainArchive(guard, java, server, log);
      return server;
    },
  };
}

const JAR = 'fhir-server.jar';
const ARCHIVE = 'fhir-server.jsa';

async function buildJar(guard: Guard, java: Java, building: string, log: string): Promise<void> {
  // Built in a copy, so that the work tree stays as it is and two builds do not meet in one target folder.
  const copy = join(building, 'project');
  await mkdir(copy);
  for (const entry of sources) await cp(join(project, entry), join(copy, entry), { recursive: true });
  await runToEnd(guard, 'Building the FHIR server with Maven', {
    command: 'mvn',
    args: ['-q', '-B', '-Dexec.skip', '-f', join(copy, 'pom.xml'), 'package'],
    env: { JAVA_HOME: java.home },
    log,
  });
  for (const part of [JAR, 'lib']) await rename(join(copy, 'target', part), join(building, part));
  await rm(copy, { recursive: true });
}

async function trainArchive(
  guard: Guard,
  java: Java,
  { jar, archive }: HapiServer,
  log: string,
): Promise<void> {
  const making = await mkdtemp(`${archive}-`);
  guard.removeAtEnd(making);
  const made = join(making, ARCHIVE);
  await runToEnd(guard, "Making the FHIR server's archive of class data", {
    command: java.program,
    args: [
      ...[...JVM_FLAGS, '-Xlog:cds=off', '-Xlog:cds+dynamic=off', `-XX:ArchiveClassesAtExit=${made}`],
      ...['-cp', jar, 'org.fhirmatrix.stack.ClassDataTraining'],
    ],
    log,
  });
  await rename(made, archive);
  await rm(making, { recursive: true });
}
