// The whole local stack: PostgreSQL, Synapse and the FHIR server, started side by side, gone with the process.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { timed, type Run, type Say } from './bring-up.ts';
import type { Certificate } from './certificate.ts';
import { findHapiBuild, type HapiBuild } from './hapi-build.ts';
import { startHapi, type Hapi } from './hapi.ts';
import type { Database } from './databases.ts';
import { startGuard, type Guard } from './guard.ts';
import { bringUpHomeservers, planHomeservers, type HomeserversPlan } from './homeservers.ts';
import { reservePort } from './ports.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { createRegistration, type Registration, type RegistrationInput } from './registration.ts';
import {
  findJava,
  findMaven,
  findPython,
  requireAll,
  required,
  type Found,
  type Java,
} from './requirements.ts';
import { createRunFolder, type RunFolder } from './run-folder.ts';
import type { Synapse } from './synapse.ts';

/** What can be had beside PostgreSQL. */
export interface Services {
  readonly synapse: Synapse;
  /** A second Synapse, which expects a bridge of its own; the first federates with it, and has a server name for that. */
  readonly neighbour: Synapse;
  readonly hapi: Hapi;
}

/** How to start the stack. */
export interface StackOptions<S extends keyof Services> {
  /** What to start beside PostgreSQL. */
  readonly services: readonly S[];
  /** Receives one line for each thing the stack does. */
  readonly progress?: Say;
  /** Makes the appservice registration; the bridge's own unless told. */
  readonly registration?: (input: RegistrationInput) => Registration;
  /** True: the run folder with data and logs stays when the stack stops. */
  readonly keep?: boolean;
  /** False: PostgreSQL's commits do not wait for the disk. */
  readonly fsync?: boolean;
  /** A PostgreSQL server to use instead of one of our own; DATABASE_URL unless told. */
  readonly databaseUrl?: string | undefined;
  /** True: Synapse and the FHIR server write a line for each request into their logs. */
  readonly accessLogs?: boolean;
  /** Aborting it ends a start that is under way. */
  readonly signal?: AbortSignal;
  /** Synapse's server name, and what to replace in its configuration. */
  readonly synapse?: {
    readonly serverName?: string;
    readonly config?: Readonly<Record<string, unknown>>;
  };
}

/** Where a homeserver expects its bridge. */
export interface AppserviceDetails {
  /** Reserved on 127.0.0.1 for the bridge. */
  readonly port: number;
  readonly url: string;
  readonly asToken: string;
  readonly hsToken: string;
  readonly registration: Registration;
}

/** The running stack, with the services that were asked for. */
export type Stack<S extends keyof Services = keyof Services> = Pick<Services, S> & {
  readonly folder: RunFolder;
  /** Runs further programs, such as the bridge, which end before PostgreSQL does. */
  readonly guard: Guard;
  readonly postgres: Postgres;
  /** The bridge's own database, empty at first. */
  readonly bridgeDatabase: Database;
  readonly appservice: AppserviceDetails;
  /** The same of the neighbour, where there is one. */
  readonly neighbourAppservice?: AppserviceDetails;
  /** For localhost, and trusted by the homeservers; there is one where a neighbour is. */
  readonly certificate?: Certificate;
  /** Ends all services and removes the run folder unless it is kept. */
  stop(): Promise<void>;
};

/** What is known before anything is started. */
interface Plan {
  readonly homeservers: HomeserversPlan;
  readonly hapi?: { readonly build: HapiBuild; readonly java: Java };
  readonly appservice: AppserviceDetails;
  readonly neighbourAppservice?: AppserviceDetails;
}

/**
 * Starts the stack. What is missing on this machine is found before anything is started (`StackRequirementError`). A
 * start that fails leaves nothing behind.
 */
export async function startStack<const S extends keyof Services>(
  options: StackOptions<S>,
): Promise<Stack<S>> {
  const plan = await makePlan(options);
  const guard = await startGuard();
  const interrupt = (): void => void guard.end();
  options.signal?.addEventListener('abort', interrupt, { once: true });
  try {
    options.signal?.throwIfAborted();
    const folder = await createRunFolder(guard, options.keep ?? false);
    const say = options.progress ?? (() => undefined);
    const postgres = bringUpPostgres(guard, folder, say, options);
    const run: Run = { guard, folder, say, postgres, accessLogs: options.accessLogs ?? false };
    const { appservice, neighbourAppservice } = plan;
    const [bridgeDatabase, homeservers, hapi] = await Promise.all([
      postgres.then((server) => server.createDatabase('bridge')),
      bringUpHomeservers(run, plan.homeservers, {
        synapse: { registration: appservice.registration, config: options.synapse?.config },
        neighbour: { registration: neighbourAppservice?.registration },
      }),
      plan.hapi && bringUpHapi(run, plan.hapi),
    ]);
    const server = await postgres;
    const stop = async (): Promise<void> => {
      const { synapse, neighbour } = homeservers;
      const running = [synapse, neighbour, hapi].filter((started) => started !== undefined);
      await Promise.all(running.map(({ service }) => service.stop()));
      await server.dropDatabases();
      await guard.end();
    };
    const stack = {
      folder,
      guard,
      postgres: server,
      bridgeDatabase,
      appservice,
      ...(neighbourAppservice && { neighbourAppservice }),
      ...homeservers,
      hapi,
      stop,
    };
    return stack as unknown as Stack<S>; // the plan holds exactly the services in S
  } catch (error) {
    await guard.end();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', interrupt);
  }
}

async function makePlan(options: StackOptions<keyof Services>): Promise<Plan> {
  const wants = new Set<keyof Services>(options.services);
  const homeservers = { synapse: wants.has('synapse'), neighbour: wants.has('neighbour') };
  const python = homeservers.synapse || homeservers.neighbour ? findPython() : undefined;
  const { java, maven, build } = wants.has('hapi') ? await planHapi() : {};
  requireAll([python, java, maven].filter((check) => check !== undefined));

  const planned = await planHomeservers({ ...homeservers, serverName: options.synapse?.serverName });
  const { neighbour } = planned;
  const makeRegistration = options.registration ?? createRegistration;
  return {
    homeservers: planned,
    ...(build && java && { hapi: { build, java: required(java) } }),
    appservice: await planAppservice(planned.synapse?.serverName ?? 'localhost', makeRegistration),
    ...(neighbour && {
      neighbourAppservice: await planAppservice(neighbour.serverName, createRegistration),
    }),
  };
}

async function planAppservice(
  serverName: string,
  makeRegistration: (input: RegistrationInput) => Registration,
): Promise<AppserviceDetails> {
  const port = await reservePort();
  const asToken = randomBytes(24).toString('hex');
  const hsToken = randomBytes(24).toString('hex');
  const url = `http://127.0.0.1:${port}`;
  const registration = makeRegistration({ serverName, url, asToken, hsToken });
  return { port, url, asToken, hsToken, registration };
}

/** A compiler and Maven are needed only to build the server, the first time. */
async function planHapi(): Promise<{ java: Found<Java>; maven?: Found<string>; build?: HapiBuild }> {
  const java = findJava({ compiler: false });
  const build = 'found' in java ? await findHapiBuild(java.found) : undefined;
  if (build?.isBuilt) return { java, build };
  return { java: findJava({ compiler: true }), maven: findMaven(), ...(build && { build }) };
}

async function bringUpPostgres(
  guard: Guard,
  folder: RunFolder,
  say: Say,
  { fsync = true, databaseUrl = process.env['DATABASE_URL'] }: StackOptions<keyof Services>,
): Promise<Postgres> {
  const isOurs = databaseUrl === undefined || databaseUrl === '';
  const name = isOurs ? 'PostgreSQL 18' : 'PostgreSQL of DATABASE_URL';
  return timed(say, name, isOurs ? 'starting' : 'connecting', () =>
    startPostgres({ guard, folder: folder.path, logFolder: folder.logs, databaseUrl, fsync }),
  );
}

async function bringUpHapi(
  { guard, folder, say, postgres, accessLogs }: Run,
  { build, java }: NonNullable<Plan['hapi']>,
): Promise<Hapi> {
  const name = 'HAPI FHIR';
  if (!build.isBuilt) say(`${name}: building the server (first time only, about 2 minutes)`);
  const [server, database] = await Promise.all([
    build.build(guard, folder.logs),
    postgres.then((databases) => databases.createDatabase('hapi')),
  ]);
  return timed(say, name, 'starting', () =>
    startHapi({
      ...{ guard, folder: join(folder.path, 'hapi'), logFolder: folder.logs, accessLog: accessLogs },
      ...{ java, server, database },
    }),
  );
}
