// PostgreSQL for the demo and the tests: a throw-away cluster from npm, or the server named by DATABASE_URL.
import { randomBytes } from 'node:crypto';
import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptsConnections, createDatabase, uniqueName, type Database } from './databases.ts';
import { StackServiceError } from './errors.ts';
import type { Guard } from './guard.ts';
import type { Account, GuardedCommand } from './guard-messages.ts';
import { findPostgresBinaries, postgresAccount, type PostgresBinaries } from './postgres-binaries.ts';
import { reservePort } from './ports.ts';
import { runToEnd, startService, type Service } from './service.ts';

/** How to start PostgreSQL. */
export interface PostgresOptions {
  readonly guard: Guard;
  /** The run folder; the cluster goes into its subfolder `postgres`. */
  readonly folder: string;
  readonly logFolder: string;
  /** Connection URL of a server that is there already; nothing is started then. */
  readonly databaseUrl?: string | undefined;
  /** False: commits do not wait for the disk. For throw-away data only; true unless told. */
  readonly fsync?: boolean;
}

/** A running PostgreSQL. */
export interface Postgres {
  /** Connection URL of a user who may create roles and databases. */
  readonly adminUrl: string;
  /** The server's process, or undefined when it is somebody else's. */
  readonly service: Service | undefined;
  /** Creates a role and a database of its own; on somebody else's server, under a name no other has. */
  createDatabase(purpose: string): Promise<Database>;
  /** Drops what was created on somebody else's server; our own cluster goes with its folder. */
  dropDatabases(): Promise<void>;
}

/** Starts PostgreSQL, or connects to the server named by `databaseUrl`. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { databaseUrl } = options;
  if (databaseUrl === undefined || databaseUrl === '') return startCluster(options);
  if (!(await acceptsConnections(databaseUrl))) {
    const { host, pathname } = new URL(databaseUrl);
    throw new StackServiceError(
      `The PostgreSQL server named by DATABASE_URL (${host}${pathname}) lets nobody in.`,
    );
  }
  const created: Database[] = [];
  return {
    adminUrl: databaseUrl,
    service: undefined,
    async createDatabase(purpose) {
      const database = await createDatabase(databaseUrl, uniqueName(purpose));
      created.push(database);
      return database;
    },
    async dropDatabases() {
      for (const database of created.splice(0)) await database.drop();
    },
  };
}

async function startCluster({ guard, folder, logFolder, fsync = true }: PostgresOptions): Promise<Postgres> {
  const account = postgresAccount();
  const home = join(folder, 'postgres');
  await mkdir(home, { recursive: true, mode: 0o755 });
  if (account) await chown(home, account.uid, account.gid);
  const binaries = await findPostgresBinaries(home, account);
  const data = join(home, 'data');
  const run = { cwd: home, log: join(logFolder, 'postgres.log'), ...(account ? { account } : {}) };
  const password = randomBytes(18).toString('base64url');
  await initialise({ guard, binaries, data, password, run });

  const port = await reservePort();
  const adminUrl = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  const service = await startService({
    guard,
    name: 'PostgreSQL',
    command: {
      ...run,
      command: binaries.postgres,
      args: ['-D', data, ...settings(port, fsync)],
      stopSignal: 'SIGINT', // "fast shutdown": open connections are closed, nothing is lost
      graceMs: 10_000,
      last: true,
    },
    ready: () => acceptsConnections(adminUrl),
    timeoutMs: 60_000,
  });
  return {
    adminUrl,
    service,
    createDatabase: (purpose) => createDatabase(adminUrl, purpose),
    dropDatabases: () => Promise.resolve(),
  };
}

interface Initialise {
  readonly guard: Guard;
  readonly binaries: PostgresBinaries;
  readonly data: string;
  readonly password: string;
  readonly run: Pick<GuardedCommand, 'cwd' | 'log'> & { readonly account?: Account };
}

async function initialise({ guard, binaries, data, password, run }: Initialise): Promise<void> {
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (run.account) await chown(passwordFile, run.account.uid, run.account.gid);
  await runToEnd(guard, 'Creating the PostgreSQL cluster', {
    ...run,
    command: binaries.initdb,
    args: [
      ...['--pgdata', data, '--username', 'postgres', '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--locale', 'C', '--encoding', 'UTF8', '--no-sync', '--no-instructions'],
    ],
  });
  await rm(passwordFile);
}

function settings(port: number, fsync: boolean): string[] {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    // In the data folder, and so removed with it; a killed server would leave the default's segments in /dev/shm.
    dynamic_shared_memory_type: 'mmap',
    // What is committed is written still, so that it outlasts a server that is killed.
    ...(fsync ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
