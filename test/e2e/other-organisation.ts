// Another organisation: a FHIR server and a bridge of its own, on the neighbour.
import { join } from 'node:path';
import { inject } from 'vitest';
import { ghostUserId } from '../../src/mapping/ghosts.ts';
import type { FhirReference, MatrixUserId } from '../../src/domain/ids.ts';
import type { RunningBridge } from '../../stack/bridge.ts';
import type { Platform } from '../../stack/demo/platform.ts';
import { createPlatform } from '../../stack/demo/platform.ts';
import { createScratchDatabase, type Database } from '../../stack/databases.ts';
import { startGuard, type Guard } from '../../stack/guard.ts';
import { startHapi, type Hapi } from '../../stack/hapi.ts';
import { findHapiBuild } from '../../stack/hapi-build.ts';
import { findJava, required } from '../../stack/requirements.ts';
import type { Settings, TestBridge } from './bridges.ts';
import { startBridgeBetween } from './bridges.ts';
import { createTraceFolder } from './traces.ts';

/** Of its bridge alone: two organisations share no key. */
const KEY = 'the other organisation has another pseudonymization key';

/** The other organisation. */
export interface OtherOrganisation {
  readonly bridge: RunningBridge;
  readonly database: TestBridge['database'];
  readonly platform: Platform;
  /** The ghost of one of its people. */
  readonly ghostOf: (reference: string) => MatrixUserId;
  readonly end: () => Promise<void>;
}

/** Starts its FHIR server, and its bridge. */
export async function startOtherOrganisation(settings: Settings): Promise<OtherOrganisation> {
  const { neighbour, neighbourAppservice } = inject('stack');
  const guard = await startGuard();
  const database = await createScratchDatabase(inject('adminUrl'));
  const endServer = async (): Promise<void> => {
    await guard.end();
    await database.drop();
  };
  try {
    const hapi = await startFhirServer(guard, database);
    const sides = { synapse: neighbour, hapi, appservice: neighbourAppservice };
    const own = { BRIDGE_PEOPLE_PSEUDONYMIZATION_KEY: KEY, ...settings };
    const { end, ...running } = await startBridgeBetween(sides, 'other-organisation', own);
    const ghosts = { key: KEY, prefix: '_fhir_', serverName: neighbour.serverName };
    return {
      ...running,
      platform: createPlatform(hapi.url),
      ghostOf: (reference) => ghostUserId(reference as FhirReference, ghosts),
      async end() {
        await end();
        await endServer();
      },
    };
  } catch (error) {
    await endServer();
    throw error;
  }
}

async function startFhirServer(guard: Guard, database: Database): Promise<Hapi> {
  const java = required(findJava({ compiler: false }));
  const logFolder = await createTraceFolder(inject('stack').logFolder, 'other-fhir-server');
  const build = await findHapiBuild(java);
  const server = await build.build(guard, logFolder);
  const folder = join(logFolder, 'hapi');
  return startHapi({ guard, folder, logFolder, java, server, database, heap: '512m', accessLog: true });
}
