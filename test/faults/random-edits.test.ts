// Random edits on both sides while two replicas of the bridge are killed, and both servers away, at random: in the end both
// sides agree, and a resync finds nothing.
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { RunningBridge } from '../../stack/bridge.ts';
import { startBridge } from '../../stack/bridge.ts';
import type { Guard } from '../../stack/guard.ts';
import { startGuard } from '../../stack/guard.ts';
import { reservePort } from '../../stack/ports.ts';
import type { HumanUser } from '../../stack/synapse.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { LENGTH, SEED, seeded } from '../builders/random.ts';
import { organizationalTeam, practitioner, request, team } from '../e2e/care.ts';
import { SETTINGS } from '../e2e/bridges.ts';
import type { TestContext } from '../e2e/context.ts';
import { startContext } from '../e2e/context.ts';
import { botView, ghostOf, runCommand } from '../e2e/rooms.ts';
import { createTraceFolder, readWaitingLanes } from '../e2e/traces.ts';
import type { FlakyLink } from './flaky-link.ts';
import { openLink } from './flaky-link.ts';
import { accountOf, wantedMembers } from './random-edits-members.ts';
import type { UserName } from './random-edits.ts';
import { createRandomEdits, organizations, roles } from './random-edits.ts';

const STEPS = 120 * LENGTH;
/** So many of the steps are faults. */
const KILLS = Math.ceil(STEPS / 35);
const FAILING_LINKS = Math.ceil(STEPS / 50);
/** What becomes of who joins and leaves (`matrix.membership`); under others than `follow` both sides need not agree on it. */
const POLICY = process.env['RANDOM_POLICY'] ?? 'follow';
/** A file for what the bridge's tables hold after a failure. */
const DUMP = process.env['RANDOM_DUMP'];

describe.skipIf(inject('stackMissing') !== undefined)(`random edits on both sides, seed ${SEED}`, () => {
  let context: TestContext;
  let users: Readonly<Record<UserName, HumanUser>>;
  let links: readonly FlakyLink[];
  let guard: Guard;
  let replicas: readonly RunningBridge[];
  /** Kinds of edits and faults, in order. */
  const made: string[] = [];

  beforeAll(async () => {
    const { synapse, hapi } = inject('stack');
    links = [await openLink(synapse.url, await reservePort()), await openLink(hapi.url, await reservePort())];
    const env = {
      BRIDGE_MATRIX_HOMESERVER_URL: links[0]?.url ?? '',
      BRIDGE_FHIR_BASE_URL: links[1]?.url ?? '',
      BRIDGE_MATRIX_MEMBERSHIP: POLICY,
      BRIDGE_FHIR_POLL_INTERVAL_SECONDS: '1',
      BRIDGE_FHIR_PEOPLE_POLL_INTERVAL_SECONDS: '1',
      BRIDGE_MATRIX_SYNC_INTERVAL_SECONDS: '1',
    };
    context = await startContext(env);
    guard = await startGuard();
    replicas = [context.bridge, await startReplica(context, guard, env)];
    users = await prepare(context);
  });
  afterAll(async () => {
    await guard.end();
    await context.end();
    await Promise.all(links.map((link) => link.close()));
  });

  test('end with both sides agreeing, and nothing for a resync to do', { timeout: 3_600_000 }, async () => {
    const { prefix, platform, bridge, database } = context;
    const random = seeded(SEED);
    const people = ['lead', 'doctor', 'ann', 'ben', 'cas'].map((name) => `Practitioner/${prefix}${name}`);
    const teams = ['one', 'two', 'practice-team'].map((name) => `${prefix}${name}`);
    const requests = ['red', 'blue', 'green'].map((name) => `${prefix}${name}`);
    const guests = new Set<string>();
    await writeRooms(context, { people, teams, requests });

    const edit = createRandomEdits({
      ...{ random, prefix, platform, people, teams, requests, users, guests },
      bot: botView(),
      command: (...args) => runCommand(bridge, ...args),
    });
    const steps = (count: number): ReadonlySet<number> =>
      new Set(Array.from({ length: count }, () => Math.floor(random() * STEPS)));
    const mended: Promise<void>[] = [];
    const [killAt, failAt] = [steps(KILLS), steps(FAILING_LINKS)];
    try {
      for (let step = 0; step < STEPS; step += 1) {
        const mend = failAt.has(step) ? failLink() : undefined;
        const killed = killAt.has(step) ? await killSome() : [];
        made.push(await edit());
        await sleep(random() * 120);
        if (mend !== undefined) mended.push(sleep(random() * 3000).then(mend));
        await Promise.all(killed.map(({ service }) => service.start()));
      }
      await Promise.all(mended);
      await awaitQuiet();
      await expectAgreement();
    } catch (error) {
      process.stderr.write(
        `[random edits] the last of ${made.length}: ${made.slice(-40).join(', ')}\n` +
          `[random edits] again: npm run test:soak -- --only random-edits --runs 1 --seed ${SEED} --length ${LENGTH}\n`,
      );
      if (DUMP !== undefined) await writeFile(DUMP, JSON.stringify(await dump(), undefined, 1));
      throw error;
    }

    async function expectAgreement(): Promise<void> {
      const dryRun = await runCommand(bridge, 'resync', '--dry-run');
      const nothing = expect.stringMatching(/^\d+ compared, 0 would be changed, 0 failed\.\n$/) as string;
      expect(dryRun).toEqual({ code: 0, stdout: nothing, stderr: '' });
      expect(await deadLetters()).toEqual([]);
      if (POLICY !== 'follow') return;
      const rooms = [
        ...teams.map((id) => [`CareTeam/${id}`, `#careteam/${id}`]),
        ...requests.map((id) => [`CommunicationRequest/${id}`, `#communicationrequest/${id}`]),
      ];
      const linked = new Map(
        (
          await query<{ reference: string; account: string }>(
            'select reference, stored_user_id as account from person where stored_user_id is not null',
          )
        ).map(({ reference, account }) => [reference, account]),
      );
      for (const [reference = '', alias = ''] of rooms) await expectMembers(reference, alias, linked);
    }

    /** Everyone whom FHIR has in a room is in it or invited, and nobody else is. */
    async function expectMembers(
      reference: string,
      alias: string,
      linked: ReadonlyMap<string, string>,
    ): Promise<void> {
      const wanted = await wantedMembers(platform, reference);
      const roomId = wanted && (await botView().find(`${alias}:${context.serverName}`));
      if (wanted === undefined || roomId === undefined) return;
      const members = await botView().members(roomId);
      const inSpace = await membersOfOpenSpace(roomId);
      // Accounts that go from person to person may be in a room as nobody's: the care platform does not know them then.
      const strangers = new Set<string>([botView().userId, users.spare.userId, users.extra.userId]);
      const missing: string[] = [];
      const expected = new Set<string>(strangers);
      for (const person of new Set([...wanted.byThemselves, ...wanted.otherwise])) {
        const account = await accountOf(platform, person, linked);
        expected.add(account);
        // A ghost stays until its person's account has joined, and whenever it speaks for them.
        if (account !== ghostOf(person)) expected.add(ghostOf(person));
        const mayBeAway =
          strangers.has(account) ||
          members[account] === 'ban' ||
          !wanted.byThemselves.has(person) ||
          isIn(inSpace[account]);
        if (!mayBeAway && !isIn(members[account])) missing.push(account);
      }
      const isGuest = (id: string): boolean => members[id] === 'invite' && guests.has(`${roomId} ${id}`);
      const others = Object.keys(members).filter(
        (id) => isIn(members[id]) && !expected.has(id) && !isGuest(id),
      );
      expect({ reference, missing, others }).toEqual({ reference, missing: [], others: [] });
    }

    /** Members of the space to which a conversation is open: they may join it by themselves. */
    async function membersOfOpenSpace(roomId: string): Promise<Readonly<Record<string, unknown>>> {
      const { join_rule: rule, allow } = (await botView().state(roomId))['m.room.join_rules '] ?? {};
      const [space] = (rule === 'restricted' ? allow : []) as readonly { readonly room_id: string }[];
      return space === undefined ? {} : botView().members(space.room_id);
    }

    function failLink(): () => void {
      const [link] = random() < 0.5 ? links : links.slice(1);
      const isStalled = random() < 0.5;
      made.push(isStalled ? '(a server stalls)' : '(a server is away)');
      if (isStalled) link?.stall();
      else link?.cut();
      return () => {
        link?.mend();
      };
    }

    async function killSome(): Promise<readonly RunningBridge[]> {
      const some = random() < 0.5 ? replicas : [replicas[Math.floor(random() * 2)] ?? bridge];
      made.push(`(${some.length} killed)`);
      await Promise.all(some.map(({ service }) => service.kill()));
      return some;
    }

    /** Every reader has been round since, nothing waits, and nothing new has come: twice in a row. */
    async function awaitQuiet(): Promise<void> {
      let quiet = 0;
      let items = -1;
      const look = async (): Promise<boolean> => {
        const since = new Date().toISOString();
        await waitUntil(async () => isRound(await statsOf(), since), {
          what: 'all readers go round',
          timeoutMs: 120_000,
        });
        const [row] = await query<{ count: string }>('select count(*) from item');
        const count = Number(row?.count);
        quiet = count === items ? quiet + 1 : 0;
        items = count;
        return quiet >= 2;
      };
      await waitUntil(look, { what: 'the bridge is quiet', timeoutMs: 300_000 });
    }

    async function statsOf(): Promise<Stats> {
      return (await (await fetch(`${bridge.opsUrl}/api/v1/queue/stats`)).json()) as Stats;
    }

    async function deadLetters(): Promise<readonly object[]> {
      return query('select source, source_id, error_code, error_message from dead_letter');
    }

    async function dump(): Promise<object> {
      const tables = ['room', 'room_member', 'room_dependency', 'person', 'former_account', 'former_room'];
      const rows = await Promise.all(
        [...tables, 'adopted_room', 'dead_letter', 'resource_version'].map(async (table) => [
          table,
          await query(`select * from ${table}`),
        ]),
      );
      const items = await query('select * from item order by received_at');
      const accounts = Object.fromEntries(Object.entries(users).map(([name, { userId }]) => [name, userId]));
      return {
        seed: SEED,
        made,
        accounts,
        ...(Object.fromEntries(rows) as object),
        waiting: await readWaitingLanes(database.url),
        items,
      };
    }

    async function query<Row extends object>(sql: string): Promise<readonly Row[]> {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      try {
        return (await client.query<Row>(sql)).rows;
      } finally {
        await client.end();
      }
    }
  });
});

/** A second replica, on a port of its own, to which no server speaks. */
async function startReplica(
  { bridge, database }: TestContext,
  guard: Guard,
  env: Readonly<Record<string, string>>,
): Promise<RunningBridge> {
  const { synapse, hapi, appservice, logFolder } = inject('stack');
  const port = await reservePort();
  return startBridge({
    guard,
    logFolder: await createTraceFolder(logFolder, 'replica'),
    databaseUrl: database.url,
    ...{ synapse, hapi },
    appservice: { ...appservice, port, url: `http://127.0.0.1:${port}` },
    env: {
      // Replicas with another overlap would take for new what the ledger of these has forgotten.
      ...SETTINGS,
      ...env,
      BRIDGE_MATRIX_APPSERVICE_URL: appservice.url,
      BRIDGE_FHIR_HOOK_URL: appservice.url,
      BRIDGE_FHIR_HOOK_SECRET: bridge.environment['BRIDGE_FHIR_HOOK_SECRET'] ?? '',
    },
  });
}

/** Registers the accounts and writes the people. */
async function prepare({ prefix, platform }: TestContext): Promise<Readonly<Record<UserName, HumanUser>>> {
  const register = (name: UserName): Promise<HumanUser> =>
    registerUser(inject('stack').synapse, { localpart: `${prefix}${name}` });
  const users = {
    lead: await register('lead'),
    doctor: await register('doctor'),
    spare: await register('spare'),
    extra: await register('extra'),
  };
  await platform.put(practitioner(`${prefix}lead`, 'Lead Lena', users.lead.userId));
  await platform.put(practitioner(`${prefix}doctor`, 'Doctor Dirk', users.doctor.userId));
  for (const name of ['ann', 'ben', 'cas'])
    await platform.put(practitioner(`${prefix}${name}`, `Nurse ${name}`));
  await platform.put({ resourceType: 'Patient', id: `${prefix}other`, name: [{ text: 'Another client' }] });
  for (const [index, reference] of organizations(prefix).entries())
    await platform.put({
      ...{ resourceType: 'Organization', id: reference.replace('Organization/', '') },
      name: `Organisation ${index}`,
    });
  for (const [index, reference] of roles(prefix).entries())
    await platform.put({
      ...{ resourceType: 'PractitionerRole', id: reference.replace('PractitionerRole/', '') },
      practitioner: { reference: `Practitioner/${prefix}${['ann', 'doctor'][index] ?? ''}` },
      organization: { reference: organizations(prefix)[0] },
    });
  return users;
}

async function writeRooms(
  { prefix, platform }: TestContext,
  ids: Readonly<Record<'people' | 'teams' | 'requests', readonly string[]>>,
): Promise<void> {
  const [lead = '', ...others] = ids.people;
  for (const id of ids.teams.slice(0, 2))
    await platform.put(team(prefix, id, [{ reference: lead, role: 'primary' }, ...others.slice(0, 3)]));
  for (const id of ids.teams.slice(2))
    await platform.put(organizationalTeam(id, 'The practice', [lead, ...others.slice(2)]));
  for (const id of ids.requests) await platform.put(request(prefix, id, [lead, ...others.slice(0, 2)]));
}

interface Stats {
  readonly waitingItems: number;
  readonly readers: Readonly<Record<string, string>>;
}

function isRound({ waitingItems, readers }: Stats, since: string): boolean {
  const rounds = Object.entries(readers).filter(([name]) => !['nightly-reconcile', 'periods'].includes(name));
  return waitingItems === 0 && rounds.every(([, advancedAt]) => advancedAt > since);
}

function isIn(membership: unknown): boolean {
  return membership === 'join' || membership === 'invite';
}
