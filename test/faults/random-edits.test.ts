// Random edits on both sides while the bridge is killed at random: in the end both sides agree, and a resync finds nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { HumanUser } from '../../stack/synapse.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { practitioner, request, team } from '../e2e/care.ts';
import type { TestContext } from '../e2e/context.ts';
import { startContext } from '../e2e/context.ts';
import { botView, ghostOf, runCommand } from '../e2e/rooms.ts';
import { createRandomEdits } from './random-edits.ts';

const STEPS = 200;
const KILLS = 6;
/** `RANDOM_SEED=…` repeats a run; the timing of the servers is of course another. */
const SEED = Number(process.env['RANDOM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Readers that read nothing from a server, and look less often than a test may wait. */
const BY_THE_CLOCK = ['sweep', 'periods'];

describe.skipIf(inject('stackMissing') !== undefined)(`random edits on both sides, seed ${SEED}`, () => {
  let context: TestContext;
  let users: Readonly<Record<'lead' | 'doctor' | 'spare', HumanUser>>;

  beforeAll(async () => {
    context = await startContext({
      BRIDGE_FHIR_POLL_INTERVAL_SECONDS: '2',
      BRIDGE_FHIR_PEOPLE_POLL_INTERVAL_SECONDS: '2',
      BRIDGE_MATRIX_SYNC_INTERVAL_SECONDS: '2',
    });
    const { prefix, platform } = context;
    const register = (name: string): Promise<HumanUser> =>
      registerUser(inject('stack').synapse, { localpart: `${prefix}${name}` });
    users = {
      lead: await register('lead'),
      doctor: await register('doctor'),
      spare: await register('spare'),
    };
    await platform.put(practitioner(`${prefix}lead`, 'Lead Lena', users.lead.userId));
    await platform.put(practitioner(`${prefix}doctor`, 'Doctor Dirk', users.doctor.userId));
    for (const name of ['ann', 'ben', 'cas'])
      await platform.put(practitioner(`${prefix}${name}`, `Nurse ${name}`));
  });
  afterAll(async () => {
    await context.end();
  });

  test('end with both sides agreeing, and nothing for a resync to do', { timeout: 600_000 }, async () => {
    const { prefix, platform, bridge, database } = context;
    const random = seeded(SEED);
    const people = ['lead', 'doctor', 'ann', 'ben', 'cas'].map((name) => `Practitioner/${prefix}${name}`);
    const teams = ['one', 'two'].map((name) => `${prefix}${name}`);
    const requests = ['red', 'blue', 'green'].map((name) => `${prefix}${name}`);
    for (const id of teams)
      await platform.put(
        team(prefix, id, [{ reference: people[0] ?? '', role: 'primary' }, ...people.slice(1, 4)]),
      );
    for (const id of requests) await platform.put(request(prefix, id, people.slice(0, 3)));

    const edit = createRandomEdits({
      ...{ random, prefix, platform, people, teams, requests, users },
      bot: botView(),
    });
    const killAt = new Set(Array.from({ length: KILLS }, () => Math.floor(random() * STEPS)));
    for (let step = 0; step < STEPS; step += 1) {
      if (killAt.has(step)) await bridge.service.kill();
      await edit();
      await sleep(random() * 120);
      await bridge.service.start();
    }
    await awaitQuiet();

    const dryRun = await runCommand(bridge, 'resync', '--dry-run');
    expect(dryRun).toEqual({ code: 0, stdout: '5 compared, 0 would be changed, 0 failed.\n', stderr: '' });
    expect(await deadLetters()).toEqual([]);
    for (const id of teams) {
      const careTeam = (await platform.read(`CareTeam/${id}`)) as unknown as CareTeam;
      if (careTeam.status !== 'active') continue;
      const named = (careTeam.participant ?? []).filter(({ period }) => period?.end === undefined);
      expect(await membersOf(`#careteam/${id}`)).toEqual(
        await accountsOf(named.map(({ member }) => member.reference)),
      );
    }
    for (const id of requests) {
      const conversation = (await platform.read(`CommunicationRequest/${id}`)) as unknown as Request;
      if (conversation.status !== 'active') continue;
      const named = (conversation.recipient ?? []).map(({ reference }) => reference);
      expect(await membersOf(`#communicationrequest/${id}`)).toEqual(
        await accountsOf([...named, `RelatedPerson/${prefix}daughter`]),
      );
    }

    /** Whoever is in the room or invited, but for the bot and the one whom the care platform may not know. */
    async function membersOf(alias: string): Promise<readonly string[]> {
      const bot = botView();
      const members = await bot.members(await bot.await(`${alias}:${context.serverName}`));
      return Object.entries(members)
        .filter(
          ([userId, membership]) =>
            isIn(membership) && userId !== bot.userId && userId !== users.spare.userId,
        )
        .map(([userId]) => userId)
        .sort();
    }

    /** The accounts of people, by their telecom alone. */
    async function accountsOf(references: readonly string[]): Promise<readonly string[]> {
      const accounts = await Promise.all([...new Set(references)].map(accountOf));
      return accounts.filter((account) => account !== users.spare.userId).sort();
    }

    async function accountOf(reference: string): Promise<string> {
      const person = (await platform.read(reference)) as unknown as { telecom?: { value: string }[] };
      return person.telecom?.find(({ value }) => value.startsWith('@'))?.value ?? ghostOf(reference);
    }

    /** Every reader has been round since, nothing waits, and nothing new has come: twice in a row. */
    async function awaitQuiet(): Promise<void> {
      let quiet = 0;
      let items = -1;
      const look = async (): Promise<boolean> => {
        const since = new Date().toISOString();
        await waitUntil(async () => isRound(await statsOf(), since), {
          what: 'all readers go round',
          timeoutMs: 60_000,
        });
        const count = Number((await query('select count(*) as text from item'))[0]);
        quiet = count === items ? quiet + 1 : 0;
        items = count;
        return quiet >= 2;
      };
      await waitUntil(look, { what: 'the bridge is quiet', timeoutMs: 180_000 });
    }

    async function statsOf(): Promise<Stats> {
      return (await (await fetch(`${bridge.url}/api/v1/queue/stats`)).json()) as Stats;
    }

    async function deadLetters(): Promise<readonly string[]> {
      return query(
        `select concat_ws(' ', source, source_id, error_code, error_message) as text from parked_item`,
      );
    }

    async function query(sql: string): Promise<readonly string[]> {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      try {
        return (await client.query<{ text: string }>(sql)).rows.map(({ text }) => text);
      } finally {
        await client.end();
      }
    }
  });
});

interface CareTeam {
  readonly status: string;
  readonly participant?: readonly { member: { reference: string }; period?: { end?: string } }[];
}
interface Request {
  readonly status: string;
  readonly recipient?: readonly { reference: string }[];
}
interface Stats {
  readonly waitingItems: number;
  readonly readers: Readonly<Record<string, string>>;
}

function isRound({ waitingItems, readers }: Stats, since: string): boolean {
  const rounds = Object.entries(readers).filter(([name]) => !BY_THE_CLOCK.includes(name));
  return waitingItems === 0 && rounds.every(([, advancedAt]) => advancedAt > since);
}

function isIn(membership: unknown): boolean {
  return membership === 'join' || membership === 'invite';
}

/** Mulberry32: a small generator that a seed repeats. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
