// Fetches Keycloak's own distribution from Maven Central and builds it for an in-memory database, into the cache.
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, cacheKey, isCached } from './cache.ts';
import type { Guard } from './guard.ts';
import type { Java } from './requirements.ts';
import { runToEnd } from './service.ts';

/** The version that the adapter is tested with. */
export const KEYCLOAK_VERSION = '26.4.7';
const UNPACK = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack';

/** Little memory, quick start: what its own script sets, without the parts for large installations. */
const JVM_FLAGS: readonly string[] = [
  ...['-Xms64m', '-Xmx512m', '-XX:MetaspaceSize=96M', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
  '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
  ...['java.util', 'java.util.concurrent', 'java.security'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
];

/** An installation of Keycloak, there or to be made. */
export interface KeycloakInstallation {
  /** Whether an earlier run installed it. */
  readonly isInstalled: boolean;
  /** Installs it unless it is, and returns its folder. */
  install(guard: Guard, logFolder: string): Promise<string>;
}

/** Looks up the installation for this Java. */
export async function findKeycloak(java: Java): Promise<KeycloakInstallation> {
  const name = `keycloak-${cacheKey([KEYCLOAK_VERSION, java.home, java.version])}`;
  return {
    isInstalled: await isCached(name),
    async install(guard, logFolder) {
      const log = join(logFolder, 'keycloak-install.log');
      return cached(guard, name, async (building) => {
        await unpack(guard, java, building, log);
        await runToEnd(guard, 'Building Keycloak', {
          command: java.program,
          args: keycloakArgs(building, ['build', '--db=dev-mem']),
          log,
        });
      });
    },
  };
}

/** What runs one of Keycloak's commands with `java`. */
export function keycloakArgs(folder: string, command: readonly string[]): readonly string[] {
  return [
    ...JVM_FLAGS,
    `-Dkc.home.dir=${folder}`,
    `-Djboss.server.config.dir=${join(folder, 'conf')}`,
    ...['-cp', join(folder, 'lib/quarkus-run.jar'), 'io.quarkus.bootstrap.runner.QuarkusEntryPoint'],
    ...command,
  ];
}

async function unpack(guard: Guard, java: Java, building: string, log: string): Promise<void> {
  await runToEnd(guard, 'Fetching Keycloak with Maven', {
    command: 'mvn',
    args: [
      ...['-q', '-B', UNPACK],
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:zip`,
      `-DoutputDirectory=${building}`,
    ],
    // In a folder without a project.
    cwd: building,
    env: { JAVA_HOME: java.home },
    log,
  });
  const inner = join(building, `keycloak-${KEYCLOAK_VERSION}`);
  for (const part of await readdir(inner)) await rename(join(inner, part), join(building, part));
  await rm(inner, { recursive: true });
}
