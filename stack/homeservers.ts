// The homeservers of the stack: Synapse, and where it is asked for a neighbour with which it federates.
import { join } from 'node:path';
import { timed, type Run } from './bring-up.ts';
import { createCertificate, type Certificate } from './certificate.ts';
import { reservePort } from './ports.ts';
import type { Registration } from './registration.ts';
import { findPython, required } from './requirements.ts';
import { findSynapse, type SynapseInstallation } from './synapse-install.ts';
import { startSynapse, type Synapse } from './synapse.ts';

/** Which homeservers to start. */
export interface HomeserverWishes {
  readonly synapse: boolean;
  readonly neighbour: boolean;
  /** Synapse's server name; by its port unless told. */
  readonly serverName?: string | undefined;
}

/** What is known of a homeserver before it is started. */
export interface HomeserverPlan {
  readonly serverName: string;
  readonly port: number;
  /** Where other homeservers reach it; none where it has no neighbour. */
  readonly federationPort?: number;
}

/** What is known of all homeservers before any is started. */
export interface HomeserversPlan {
  readonly installation?: SynapseInstallation;
  readonly synapse?: HomeserverPlan;
  readonly neighbour?: HomeserverPlan;
}

/** What a homeserver serves. */
export interface Serving {
  /** Of its bridge. */
  readonly registration?: Registration | undefined;
  /** Replaces top-level keys of its configuration. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

/** Looks up the installation and reserves the ports. */
export async function planHomeservers(wishes: HomeserverWishes): Promise<HomeserversPlan> {
  const { synapse, neighbour, serverName } = wishes;
  if (!synapse && !neighbour) return {};
  return {
    installation: await findSynapse(required(findPython())),
    ...(synapse && { synapse: await planHomeserver(neighbour, serverName) }),
    ...(neighbour && { neighbour: await planHomeserver(true) }),
  };
}

/** A server name with a port is reached there and nowhere else: no DNS and no .well-known is asked. */
async function planHomeserver(federates: boolean, serverName?: string): Promise<HomeserverPlan> {
  const port = await reservePort();
  if (!federates) return { port, serverName: serverName ?? `localhost:${port}` };
  const federationPort = await reservePort();
  return { port, federationPort, serverName: serverName ?? `localhost:${federationPort}` };
}

/** Starts the homeservers of the plan side by side. What they share, the installation and a certificate, is made once. */
export async function bringUpHomeservers(
  run: Run,
  { installation, synapse, neighbour }: HomeserversPlan,
  serving: { readonly synapse: Serving; readonly neighbour: Serving },
): Promise<{ synapse?: Synapse; neighbour?: Synapse; certificate?: Certificate }> {
  if (installation === undefined) return {};
  const { guard, folder, say } = run;
  const name = `Synapse ${installation.version}`;
  if (!installation.isInstalled) say(`${name}: installing from PyPI (first time only, about half a minute)`);
  const python = await installation.install(guard, folder.logs);
  const certificate =
    neighbour && (await createCertificate(guard, { python, folder: folder.path, logFolder: folder.logs }));
  const start = (id: keyof typeof serving, label: string, plan: HomeserverPlan): Promise<Synapse> =>
    bringUp(run, { id, label, plan, python, certificate, serving: serving[id] });
  const [first, second] = await Promise.all([
    synapse && start('synapse', name, synapse),
    neighbour && start('neighbour', `${name}, the neighbour`, neighbour),
  ]);
  return {
    ...(first && { synapse: first }),
    ...(second && { neighbour: second }),
    ...(certificate && { certificate }),
  };
}

interface BringUp {
  /** Names its folder, its log and its database. */
  readonly id: string;
  readonly label: string;
  readonly plan: HomeserverPlan;
  readonly python: string;
  readonly certificate: Certificate | undefined;
  readonly serving: Serving;
}

async function bringUp(
  { guard, folder, say, postgres, accessLogs }: Run,
  { id, label, plan, python, certificate, serving }: BringUp,
): Promise<Synapse> {
  const { port, serverName, federationPort } = plan;
  const database = await (await postgres).createDatabase(id);
  return timed(say, label, 'starting', () =>
    startSynapse({
      ...{ guard, folder: join(folder.path, id), log: join(folder.logs, `${id}.log`), accessLog: accessLogs },
      ...{ python, database, port, serverName, config: serving.config },
      ...(serving.registration && { registrations: [serving.registration] }),
      ...(certificate &&
        federationPort !== undefined && { federation: { port: federationPort, certificate } }),
    }),
  );
}
