// What can go wrong, one entry each: it begins, lasts for a while, and is mended.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { againWhereItGaveWay } from '../../../src/inbox/database.ts';
import { runStatements } from '../../../stack/databases.ts';
import type { Service } from '../../../stack/service.ts';
import { waitUntil } from '../../../stack/wait.ts';
import type { FlakyLink } from '../flaky-link.ts';
import { HOOK_TRICKS, TRANSACTION_TRICKS, type Trick } from '../../../stack/balancer.ts';
import { TROUBLES, type HttpLink, type Trouble } from '../../../stack/http-link.ts';
import type { Landscape, Replica, ServerName } from './landscape.ts';

/** A fault that a run may draw. */
export interface Fault {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** Those of processes happen one after the other, and beside them those of what is between them. */
  readonly strand: 'processes' | 'between';
  /** Whether this landscape lets it happen. */
  readonly isPossible: (landscape: Landscape) => boolean;
  /** Happens, lasts, and is over when this resolves. */
  readonly happen: (landscape: Landscape, random: () => number) => Promise<void>;
}

const SHORTEST_MS = 300;
const LONGEST_MS = 2_500;
const lasting = (random: () => number) => sleep(SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS));
const always = () => true;

/** All faults. */
export const FAULTS: readonly Fault[] = [
  replicaFault('replica killed', 4, async (service) => {
    await service.kill();
    await service.start();
  }),
  replicaFault('replica stopped', 2, async (service) => {
    await service.stop();
    await service.start();
  }),
  replicaFault('replica frozen', 2, async (service, random) => {
    signal(service, 'SIGSTOP');
    await sleep(1_000 + random() * 7_000); // longer and shorter than a lease
    signal(service, 'SIGCONT');
  }),
  replicaFault('clock of a replica steps', 2, async (service, random) => {
    signal(service, 'SIGUSR2');
    await lasting(random);
    signal(service, 'SIGUSR2');
  }),
  serverKilled('synapse', 1),
  serverKilled('hapi', 1),
  serverKilled('postgres', 1),
  {
    name: 'database of the bridge restored',
    ...{ weight: 2, strand: 'processes', isPossible: always },
    async happen({ database, ground: { adminUrl }, replicas }, random) {
      const { name } = database;
      await persistently(adminUrl, copyOf(database), 'each');
      await lasting(random);
      await Promise.all(replicas.map(({ service }) => service.stop()));
      await persistently(adminUrl, [`drop database if exists ${name} with (force)`], 'each');
      await persistently(adminUrl, [`alter database ${name}_backup rename to ${name}`], 'each');
      // The backup may be of a time when the disk was full.
      const url = ofDatabase(adminUrl, name);
      await persistently(url, ['drop function if exists disk_is_full cascade']);
      await Promise.all(replicas.map(({ service }) => service.start()));
    },
  },
  ...TROUBLES.flatMap((trouble) => [
    linkFault('matrix', trouble, ({ matrixLink }) => matrixLink),
    linkFault('fhir', trouble, ({ fhirLink }) => fhirLink),
    linkFault('pushes and hooks', trouble, ({ balancer }) => balancer),
  ]),
  ...[...TRANSACTION_TRICKS, ...HOOK_TRICKS].map(trickFault),
  databaseLinkFault('cut', (link) => {
    link.cut();
  }),
  databaseLinkFault('stalled', (link) => {
    link.stall();
  }),
  databaseLinkFault('swallowed', (link) => {
    link.swallow();
  }),
  {
    name: 'disk of the database full',
    ...{ weight: 2, strand: 'between', isPossible: always },
    async happen({ database, ground: { adminUrl } }, random) {
      const url = ofDatabase(adminUrl, database.name);
      await persistently(url, DISK_FULL);
      await lasting(random);
      await persistently(url, ['drop function if exists disk_is_full cascade']);
    },
  },
  {
    name: 'tables of the database locked',
    ...{ weight: 2, strand: 'between', isPossible: always },
    async happen({ database, ground: { adminUrl } }, random) {
      const client = new pg.Client({ connectionString: ofDatabase(adminUrl, database.name) });
      client.on('error', () => undefined); // PostgreSQL may be killed meanwhile
      try {
        await client.connect();
        const lock = 'rollback; begin; lock table item, lane, message_link in access exclusive mode';
        await againWhereItGaveWay(() => client.query(lock));
        await lasting(random);
      } finally {
        await client.end();
      }
    },
  },
  {
    name: 'no connections left',
    ...{ weight: 2, strand: 'between', isPossible: always },
    async happen({ database: { user, name }, ground: { adminUrl } }, random) {
      const role = pg.escapeIdentifier(user);
      await persistently(adminUrl, [
        `alter role ${role} connection limit 1`,
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = ${pg.escapeLiteral(name)}`,
      ]);
      await lasting(random);
      await persistently(adminUrl, [`alter role ${role} connection limit -1`]);
    },
  },
];

/** As PostgreSQL answers where it cannot extend a file. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DISK_FULL = [
  `create function disk_is_full() returns trigger language plpgsql as $$
     begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
  ...['item', 'message_link', 'resource_version', 'matrix_arrival', 'reader_cursor'].map(
    (table) =>
      `create trigger disk_is_full before insert or update on ${table} for each statement execute function disk_is_full()`,
  ),
];

function replicaFault(
  name: string,
  weight: number,
  happen: (service: Service, random: () => number) => Promise<void>,
): Fault {
  return {
    ...{ name, weight, strand: 'processes', isPossible: always },
    happen: (landscape, random) => happen(anyReplica(landscape, random).service, random),
  };
}

function serverKilled(server: ServerName, weight: number): Fault {
  return {
    ...{ name: `${server} killed`, weight, strand: 'processes' },
    isPossible: ({ ground }) => ground.services[server] !== undefined,
    async happen({ ground }, random) {
      const service = ground.services[server];
      await service?.kill();
      await lasting(random);
      await service?.start();
    },
  };
}

function linkFault(name: string, trouble: Trouble, linkOf: (landscape: Landscape) => HttpLink): Fault {
  return {
    ...{ name: `${name}: ${trouble}`, weight: 1, strand: 'between', isPossible: always },
    async happen(landscape, random) {
      const link = linkOf(landscape);
      link.disturb({ troubles: [trouble], share: 0.2 + random() * 0.8, random });
      await lasting(random);
      link.disturb(undefined);
    },
  };
}

function trickFault(trick: Trick): Fault {
  return {
    ...{ name: `pushes and hooks: ${trick}`, weight: 1, strand: 'between', isPossible: always },
    async happen({ balancer }, random) {
      balancer.trick([trick], random);
      await lasting(random);
      balancer.trick([], random);
    },
  };
}

function databaseLinkFault(name: string, harm: (link: FlakyLink) => void): Fault {
  return {
    ...{ name: `connections to the database: ${name}`, weight: 2, strand: 'between', isPossible: always },
    async happen(landscape, random) {
      const { databaseLink } = anyReplica(landscape, random);
      harm(databaseLink);
      await lasting(random);
      databaseLink.mend();
    },
  };
}

function anyReplica({ replicas }: Landscape, random: () => number): Replica {
  const replica = replicas[Math.floor(random() * replicas.length)];
  if (replica === undefined) throw new TypeError('A landscape has replicas');
  return replica;
}

/** Of a process that has ended, nothing. */
function signal(service: Service, name: NodeJS.Signals): void {
  const pid = service.pid();
  if (pid !== undefined) process.kill(pid, name);
}

/** A backup, for which PostgreSQL wants to be alone with the database. */
function copyOf({ name, user }: Landscape['database']): readonly string[] {
  return [
    `drop database if exists ${name}_backup`,
    `alter database ${name} allow_connections false`,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    `create database ${name}_backup template ${name} owner ${user}`,
    `alter database ${name} allow_connections true`,
    `alter database ${name}_backup allow_connections true`,
  ];
}

/** Also while PostgreSQL is away for a moment. @param how in one transaction, or each by itself */
async function persistently(
  url: string,
  statements: readonly string[],
  how: 'as one' | 'each' = 'as one',
): Promise<void> {
  const attempt = () =>
    runStatements(url, how === 'each' ? statements : ['begin', ...statements, 'commit']).then(
      () => true,
      () => false,
    );
  await waitUntil(attempt, { what: 'PostgreSQL does as told', timeoutMs: 30_000 });
}

function ofDatabase(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}
