// Starts PostgreSQL, two homeservers and the FHIR server once for a test run.
import type { TestProject } from 'vitest/node';
import { StackRequirementError } from '../../stack/errors.ts';
import { startStack, type AppserviceDetails } from '../../stack/stack.ts';
import type { Synapse } from '../../stack/synapse.ts';
import type { ProvidedAppservice, ProvidedHomeserver } from './provided.ts';

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const say = (line: string): void => {
    process.stdout.write(`[stack] ${line}\n`);
  };
  try {
    const stack = await startStack({
      services: ['synapse', 'neighbour', 'hapi'],
      accessLogs: true,
      progress: say,
      keep: process.env['KEEP_STACK'] === '1', // data and logs stay, to look into a failure
      fsync: false,
    });
    say(`data and logs are in ${stack.folder.path}`);
    const { synapse, neighbour, hapi, appservice, neighbourAppservice, certificate } = stack;
    if (certificate === undefined || neighbourAppservice === undefined)
      throw new TypeError('Homeservers that federate have a certificate, and a bridge each');
    project.provide('adminUrl', stack.postgres.adminUrl);
    project.provide('stackMissing', undefined);
    project.provide('stack', {
      bridgeDatabaseUrl: stack.bridgeDatabase.url,
      logFolder: stack.folder.logs,
      synapse: homeserver(synapse),
      neighbour: homeserver(neighbour),
      homeserverDatabases: { synapse: synapse.database.url, neighbour: neighbour.database.url },
      hapi: { url: hapi.url },
      certificate,
      appservice: {
        ...provided(appservice),
        registrationPath: synapse.registrationPaths[0] ?? '',
      },
      neighbourAppservice: provided(neighbourAppservice),
    });
    return () => stack.stop();
  } catch (error) {
    // On a developer's machine the tests of the whole stack are skipped; continuous integration must run them.
    if (!(error instanceof StackRequirementError) || process.env['CI'] === 'true') throw error;
    say(`tests of the whole stack are skipped. ${error.message}`);
    project.provide('stackMissing', error.message);
    return undefined;
  }
}

function homeserver({ url, serverName, registrationSharedSecret }: Synapse): ProvidedHomeserver {
  return { url, serverName, registrationSharedSecret };
}

function provided({ port, url, asToken, hsToken }: AppserviceDetails): ProvidedAppservice {
  return { port, url, asToken, hsToken };
}
