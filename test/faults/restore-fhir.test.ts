// The FHIR server is restored from a backup, while ids that were lost are given anew: the drill of docs/how-to/restore.md.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createScratchDatabase, runStatements, type Database } from '../../stack/databases.ts';
import {
  careNetworkPeople,
  careTeam,
  communication,
  communicationRequest,
} from '../../stack/demo/care-network.ts';
import { startPerson, type MatrixPerson } from '../../stack/demo/person.ts';
import { createPlatform, type Platform } from '../../stack/demo/platform.ts';
import { startGuard, type Guard } from '../../stack/guard.ts';
import { startHapi, type Hapi } from '../../stack/hapi.ts';
import { findHapiBuild } from '../../stack/hapi-build.ts';
import { findJava, required } from '../../stack/requirements.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { withPersonalData } from '../builders/personal-data.ts';
import { awaitIdle, endSharedBridge, startBridgeBetween, type TestBridge } from '../e2e/bridges.ts';
import { awaitRecords } from '../e2e/context.ts';
import { botView } from '../e2e/rooms.ts';
import { createTraceFolder } from '../e2e/traces.ts';

const PREFIX = 'restored-';
const KEPT = `${PREFIX}kept`;
const REUSED = `${PREFIX}5002`;
const MESSAGE = `${PREFIX}5001`;

describe.skipIf(inject('stackMissing') !== undefined)('the FHIR server is restored from a backup', () => {
  let guard: Guard;
  let database: Database;
  let hapi: Hapi;
  let running: TestBridge;
  let platform: Platform;
  let nurse: MatrixPerson & { readonly userId: string };

  beforeAll(async () => {
    await endSharedBridge();
    const { synapse, appservice } = inject('stack');
    guard = await startGuard();
    database = await createScratchDatabase(inject('adminUrl'));
    const user = await registerUser(synapse, { localpart: `${PREFIX}noor`, displayName: 'Noor' });
    nurse = { ...(await startPerson(synapse.url, user)), userId: user.userId };
    hapi = await startFhirServer(guard, database);
    platform = createPlatform(hapi.url);
    running = await startBridgeBetween({ synapse, hapi, appservice }, 'restored', {});
    for (const person of careNetworkPeople(PREFIX, nurse.userId))
      await platform.put(withPersonalData(person));
    await platform.put(withPersonalData(careTeam(PREFIX, `${PREFIX}team`)));
    await platform.put(communicationRequest(PREFIX, KEPT, `${PREFIX}team`, 'Before the backup'));
  });
  afterAll(async () => {
    nurse.leaveClient();
    await running.end();
    await guard.end();
    await database.drop();
  });

  const alias = (id: string): string => `#communicationrequest/${id}:${inject('stack').synapse.serverName}`;

  test('what comes under ids that were lost is new, nobody is let into a lost room, and it is noticed', async () => {
    const kept = await nurse.join(alias(KEPT));
    await nurse.hear(kept, 'Before the backup');
    await awaitIdle(running.bridge);
    await copyDatabase(database);

    await once('the FHIR server has connections again', () =>
      platform.put(communicationRequest(PREFIX, REUSED, `${PREFIX}team`, 'Lost conversation')).then(
        () => true,
        () => false,
      ),
    );
    await platform.put({ ...communication(PREFIX, KEPT, 'Lost message'), id: MESSAGE });
    const lost = await nurse.join(alias(REUSED));
    await nurse.hear(lost, 'Lost conversation');
    await nurse.hear(kept, 'Lost message');
    await nurse.say(kept, 'Lost answer');
    await awaitRecords(platform, KEPT, (records) => records.length === 2);
    await awaitIdle(running.bridge);
    await hapi.service.stop();
    await putBack(database);
    await hapi.service.start();

    await platform.put({ ...communication(PREFIX, KEPT, 'New message'), id: MESSAGE });
    await platform.put(
      withPersonalData({ resourceType: 'Patient', id: `${PREFIX}other`, name: [{ text: 'Other' }] }),
    );
    await platform.put({
      ...communicationRequest(PREFIX, REUSED, `${PREFIX}team`, 'New conversation'),
      subject: { reference: `Patient/${PREFIX}other` },
    });

    await nurse.hear(kept, 'New message');
    expect(await nurse.history(kept)).toEqual([
      'Before the backup',
      'Lost message',
      'Lost answer',
      'New message',
    ]);
    const bot = botView();
    const anew = await once('the conversation has another room', async () => {
      const found = await bot.find(alias(REUSED));
      return found !== undefined && found !== lost && found;
    });
    await nurse.join(alias(REUSED));
    await nurse.hear(anew, 'New conversation');
    expect(await nurse.history(lost)).toEqual(['Lost conversation']);
    await once('nobody can write in the lost room', async () => {
      const levels = (await bot.state(lost))['m.room.power_levels '] as { events: Record<string, number> };
      return levels.events['m.room.message'] === 105;
    });
    await once('it is noticed', async () =>
      (await readFile(running.bridge.logFile, 'utf8')).includes(
        'The FHIR server was restored to an earlier state',
      ),
    );
  });
});

function once<T>(what: string, look: () => Promise<T | false>): Promise<T> {
  return waitUntil(look, { what, timeoutMs: 90_000, everyMs: 50 });
}

async function startFhirServer(guard: Guard, database: Database): Promise<Hapi> {
  const java = required(findJava({ compiler: false }));
  const logFolder = await createTraceFolder(inject('stack').logFolder, 'restored-fhir-server');
  const build = await findHapiBuild(java);
  const server = await build.build(guard, logFolder);
  return startHapi({
    guard,
    folder: join(logFolder, 'hapi'),
    logFolder,
    java,
    server,
    database,
    heap: '512m',
  });
}

/** The backup. The server loses its connections for the moment. */
function copyDatabase({ name }: Database): Promise<void> {
  return runStatements(inject('adminUrl'), [
    `alter database ${name} allow_connections false`,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    `create database ${name}_backup template ${name} owner ${name}`,
    `alter database ${name} allow_connections true`,
    `alter database ${name}_backup allow_connections true`,
  ]);
}

function putBack({ name }: Database): Promise<void> {
  return runStatements(inject('adminUrl'), [
    `drop database ${name} with (force)`,
    `alter database ${name}_backup rename to ${name}`,
  ]);
}
