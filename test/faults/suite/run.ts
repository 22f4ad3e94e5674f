// One run: conversations in which both sides talk, while faults happen; then all is mended, and both sides are compared.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { careNetworkPeople, careTeam, communicationRequest } from '../../../stack/demo/care-network.ts';
import { registerUser } from '../../../stack/synapse.ts';
import { seeded } from '../../builders/random.ts';
import { createPatientPlatform, createUserClient, type PatientPlatform, type UserClient } from './clients.ts';
import { FAULTS, type Fault } from './faults.ts';
import { judge, type Finding } from './judge.ts';
import type { Landscape } from './landscape.ts';
import { look } from './look.ts';
import type { SentConversation } from './sent.ts';
import { platformSpeaks, userSpeaks } from './speak.ts';

/** Who talks in all runs. */
export interface Cast {
  readonly user: UserClient;
  readonly platform: PatientPlatform;
  /** Begins the ids of all their resources. */
  readonly prefix: string;
  readonly bot: string;
}

/** How much happens in a run. */
export interface Extent {
  readonly conversations: number;
  /** Of each side of each conversation. */
  readonly steps: number;
  readonly faults: number;
}

/** What came of a run. */
export interface Outcome {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly messages: number;
  readonly findings: readonly Finding[];
  readonly seconds: number;
}

/** How long the bridge may take, after all is mended, until both sides agree. */
const PATIENCE_MS = 90_000;

/** Brings on a user with an account and a care network. */
export async function castOf(
  { ground }: Landscape,
  homeserver: { readonly url: string; readonly registrationSharedSecret: string },
  prefix: string,
): Promise<Cast> {
  const account = await registerUser(homeserver, { localpart: `${prefix}noor`, displayName: 'Noor' });
  const user = createUserClient(ground.synapse.url, account);
  const platform = createPatientPlatform(ground.hapi.url);
  for (const person of careNetworkPeople(prefix, account.userId)) await platform.put(person);
  await platform.put(careTeam(prefix, `${prefix}team`));
  return { user, platform, prefix, bot: `@_fhir_bot:${ground.synapse.serverName}` };
}

/** Plays a run. The same seed draws the same faults and messages; when exactly they meet depends on the machine. */
export async function playRun(
  landscape: Landscape,
  cast: Cast,
  seed: number,
  extent: Extent,
): Promise<Outcome> {
  const began = performance.now();
  const random = seeded(seed);
  const faults = drawFaults(landscape, extent.faults, random);
  const strands = (['processes', 'between'] as const).map((strand) =>
    faults.filter((fault) => fault.strand === strand),
  );
  const conversations: SentConversation[] = [];
  const talk = Array.from({ length: extent.conversations }, async (_, index) => {
    const conversation = await openConversation(cast, `${seed}x${index}`);
    conversations.push(conversation);
    const speaking = { conversation, steps: extent.steps, prefix: cast.prefix };
    const name = `${seed}x${index}`;
    await Promise.all([
      userSpeaks(cast.user, { ...speaking, name: `${name}u`, random: seeded(seed * 4 + index * 2) }),
      platformSpeaks(cast.platform, { ...speaking, name: `${name}p`, random: seeded(seed * 4 + index * 2 + 1) }),
    ]);
  });
  await Promise.all([
    ...talk,
    ...strands.map(async (strand) => {
      for (const fault of strand) {
        await sleep(random() * 1_000);
        await fault.happen(landscape, random);
      }
    }),
  ]);
  const findings = await settle(landscape, cast, conversations);
  return {
    ...{ seed, findings },
    faults: faults.map(({ name }) => name),
    messages: conversations.reduce((sum, { messages }) => sum + messages.length, 0),
    seconds: Math.round((performance.now() - began) / 100) / 10,
  };
}

function drawFaults(landscape: Landscape, count: number, random: () => number): readonly Fault[] {
  const tickets = FAULTS.filter(({ isPossible }) => isPossible(landscape)).flatMap((fault) =>
    Array<Fault>(fault.weight).fill(fault),
  );
  return Array.from({ length: count }, () => tickets[Math.floor(random() * tickets.length)]).filter(
    (fault) => fault !== undefined,
  );
}

async function openConversation({ platform, user, prefix }: Cast, name: string): Promise<SentConversation> {
  const id = `${prefix}${name}`;
  const opening = `How is she today, in ${name}?`;
  await platform.put(communicationRequest(prefix, id, `${prefix}team`, opening));
  const serverName = user.userId.slice(user.userId.indexOf(':') + 1);
  const roomId = await user.join(`#communicationrequest/${id}:${serverName}`);
  return { id, roomId, opening, messages: [] };
}

/** Waits until both sides agree and the bridge has nothing left to do; then looks once more. */
async function settle(
  landscape: Landscape,
  cast: Cast,
  conversations: readonly SentConversation[],
): Promise<readonly Finding[]> {
  const files = new Map<string, string>();
  const lookers = { ...cast, files };
  const compare = async (): Promise<readonly Finding[]> => {
    const each = conversations.map(async (conversation) =>
      judge(conversation, await look(lookers, conversation)),
    );
    return (await Promise.all(each)).flat();
  };
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const before = await leftToDo(landscape);
    const findings = before === 0 ? await compare() : [];
    const isQuiet = before === 0 && (await leftToDo(landscape)) === 0;
    const isLate = performance.now() > deadline;
    if (isQuiet && findings.length === 0) break;
    if (isLate) return [...(await compare()), ...(await explain(landscape))];
    await sleep(100);
  }
  await allReadAgain(landscape);
  return [...(await compare()), ...(await deadLetters(landscape))];
}

/** Has all readers pass once more: what was carried must not be carried again. */
async function allReadAgain({ database }: Landscape): Promise<void> {
  const asked = new Date();
  await query(database.url, "select pg_notify('bridge_fhir', ''), pg_notify('bridge_matrix', '')");
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const [row] = await query<{ behind: number }>(
      database.url,
      'select count(*)::int as behind from reader_cursor where advanced_at < $1',
      [asked],
    );
    if (row?.behind === 0) return;
    await sleep(100);
  }
}

async function leftToDo({ database }: Landscape): Promise<number> {
  const [row] = await query<{ left: number }>(
    database.url,
    `select (select count(*) from lane where head < tail)::int + (select count(*) from matrix_arrival)::int
       + (select count(*) from waiting_item)::int as left`,
  );
  return row?.left ?? 0;
}

/** Every dead letter is one too many: nothing that happens here is for good. */
async function deadLetters({ database }: Landscape): Promise<readonly Finding[]> {
  const rows = await query<{ about: string }>(
    database.url,
    `delete from dead_letter returning concat_ws(' ', 'dead letter', lane_key, error_code, error_message) as about`,
  );
  return rows.map(({ about }) => ({ what: 'unexplained', about }));
}

/** What the bridge would still do, and why it does not. */
async function explain(landscape: Landscape): Promise<readonly Finding[]> {
  const rows = await query<{ about: string }>(
    landscape.database.url,
    `select concat_ws(' ', 'lane', lane.key, tail - head, 'left,', attempts, 'attempts,', last_error_code,
       last_error_message, item.source_id) as about
     from lane join item on item.lane_id = lane.id and item.position = head + 1 where head < tail
     union all select concat_ws(' ', 'arrival', event_id, room_id) from matrix_arrival
     union all select concat_ws(' ', 'waiting', to_jsonb(waiting_item)::text) from waiting_item limit 20`,
  );
  return [
    ...rows.map(({ about }): Finding => ({ what: 'unexplained', about })),
    ...(await deadLetters(landscape)),
  ];
}

async function query<Row extends object>(
  url: string,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...parameters])).rows;
  } finally {
    await client.end();
  }
}
