// Runs last: in all that the suite left behind, nobody finds a patient's or relative's personal data but in messages.
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { startPerson } from '../../stack/demo/person.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { dump } from '../builders/dump.ts';
import { keyOf } from '../builders/payloads.ts';
import {
  ALLOWED_DISPLAY_NAMES,
  carelessMessage,
  findPersonalData,
  FORBIDDEN,
} from '../builders/personal-data.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { awaitRecords, startContext } from './context.ts';
import type { KeptFile } from './kept.ts';
import { HOMESERVER_PLACES, MESSAGES, readFiles, readTexts } from './kept.ts';

/** Of each kind there is at least one file with this in it, or the sweep has looked at nothing. */
const FILES = {
  'logs of bridges': [/^bridges\/.+\/bridge\.log$/, /"msg":"Running"/],
  'metrics of bridges': [/^bridges\/.+\/metrics\.txt$/, /^bridge_\w+\{/m],
  'health of bridges': [/^bridges\/.+\/health\.txt$/, /"status"/],
  'queues of bridges': [/^bridges\/.+\/queue-stats\.txt$/, /"deadLetters"/],
  'errors of dead letters': [/^bridges\/.+\/errors\.txt$/, /^room-foreign /m],
  'requests to Synapse': [/^synapse\.log$/, /"PUT \/_matrix\/client\/v3\/rooms\/\S+\/send\/m\.room\.message/],
  'requests to the neighbour': [/^neighbour\.log$/, /"PUT \/_matrix\/federation\/v2\/invite\//],
  'requests to the FHIR server': [/^hapi-access\.log$/, /"GET \/fhir\/Patient\/\S+ HTTP/],
  'own log of the FHIR server': [/^hapi\.log$/, /FHIR server ready/],
  'own log of PostgreSQL': [/^postgres\.log$/, /ready to accept connections/],
} as const;

const ALIEN = '_fhir_alien';

describe.skipIf(inject('stackMissing') !== undefined)('personal data', () => {
  let files: readonly KeptFile[];
  let rows: Awaited<ReturnType<typeof dump>>;
  beforeAll(async () => {
    // The guest reads along: their homeserver is trusted.
    const context = await startContext({
      BRIDGE_MATRIX_TRUSTED_SERVERS: inject('stack').neighbour.serverName,
      BRIDGE_DATABASE_ENCRYPTION_KEYS: JSON.stringify([keyOf('privacy')]),
    });
    let guest: MatrixPerson | undefined;
    try {
      guest = await talkCarelessly(context);
      await failForGood(context);
      await awaitIdle(context.bridge);
      rows = await dump(context.database.url);
    } finally {
      guest?.leaveClient();
      await context.end();
    }
    files = await readFiles(inject('stack').logFolder);
  });

  describe.each(['synapse', 'neighbour'] as const)('in the database of %s', (name) => {
    const read = (statement: string): Promise<readonly string[]> =>
      readTexts(inject('stack').homeserverDatabases[name], statement);

    test.each(Object.entries(HOMESERVER_PLACES))('is not among the %s', async (_place, statement) => {
      const texts = await read(statement);
      expect(texts.flatMap(findPersonalData)).toEqual([]);
    });

    test('is found among the messages, every piece of it: the search works', async () => {
      const found = (await read(MESSAGES)).flatMap(findPersonalData);
      expect(new Set(found.map(({ what }) => what))).toEqual(new Set(FORBIDDEN.map(({ what }) => what)));
    });

    test('was looked for where there is something', async () => {
      const counts = Object.entries(HOMESERVER_PLACES).map(async ([place, statement]) => [
        place,
        (await read(statement)).length,
      ]);
      const places = Object.fromEntries(await Promise.all(counts)) as Record<string, number>;
      process.stdout.write(`[privacy] ${name}: ${JSON.stringify(places)}\n`);
      expect(places).toMatchObject({
        'state events': expect.toSatisfy((count: number) => count > 5) as number,
        profiles: expect.toSatisfy((count: number) => count > 0) as number,
        'accounts and devices': expect.toSatisfy((count: number) => count > 0) as number,
        ...(name === 'synapse' && {
          'room aliases': expect.toSatisfy((count: number) => count > 1) as number,
        }),
      });
    });
  });

  test('is not in the database of a bridge with a key, where messages are', () => {
    expect(
      rows.flatMap(({ table, row }) => findPersonalData(row).map((find) => ({ table, ...find }))),
    ).toEqual([]);
    const encrypted = new Set(rows.flatMap(({ table, row }) => (row.includes('e1:privacy:') ? [table] : [])));
    expect([...encrypted]).toEqual(expect.arrayContaining(['dead_letter', 'ghost', 'item', 'message_link']));
  });

  test('is not in any file among the logs', () => {
    expect(
      files.flatMap(({ path, text }) => findPersonalData(text).map((find) => ({ path, ...find }))),
    ).toEqual([]);
  });

  test.each(Object.entries(FILES))('was looked for in the %s', (_kind, [path, content]) => {
    const ofKind = files.filter((file) => path.test(file.path));
    expect(ofKind.map((file) => file.path)).not.toEqual([]);
    expect(ofKind.filter(({ text }) => content.test(text))).not.toEqual([]);
  });

  test('is shown in rooms as the policy allows', async () => {
    const { homeserverDatabases } = inject('stack');
    const shown = await readTexts(
      homeserverDatabases.synapse,
      `select distinct displayname as text from profiles where full_user_id like '@\\_fhir\\_%' and displayname is not null`,
    );
    const [client, daughter] = ALLOWED_DISPLAY_NAMES;
    expect(shown).toEqual(expect.arrayContaining([client, daughter]));
  });

  /** Both sides write everything about the people into a conversation that a guest of the neighbour sees. */
  async function talkCarelessly(context: TestContext): Promise<MatrixPerson> {
    const { synapse, neighbour } = inject('stack');
    const { nurse, platform, prefix } = context;
    const { room, id } = await context.createConversation('careless', carelessMessage());
    const roomId = await nurse.join(room);
    await nurse.hear(roomId, carelessMessage());

    const user = await registerUser(neighbour, { localpart: `${prefix}guest`, displayName: 'Guest' });
    const guest = await startPerson(neighbour.url, user);
    await nurse.client.invite(roomId, user.userId);
    await waitUntil(() => guest.client.getRoom(roomId)?.getMyMembership() === 'invite', {
      what: 'the guest is invited',
      timeoutMs: 30_000,
    });
    await guest.client.joinRoom(roomId, { viaServers: [synapse.serverName] });

    await nurse.say(roomId, `From the room: ${carelessMessage()}`);
    await platform.post(communication(prefix, id, `From the platform: ${carelessMessage()}`));
    await guest.hear(roomId, `From the room: ${carelessMessage()}`);
    await guest.hear(roomId, `From the platform: ${carelessMessage()}`);
    await awaitRecords(platform, id, (records) => records.length === 2);
    return guest;
  }

  /** A conversation whose alias and spare alias are taken by rooms of someone else becomes a dead letter. */
  async function failForGood(context: TestContext): Promise<void> {
    const { synapse, appservice } = inject('stack');
    const ask = async (path: string, body: Readonly<Record<string, unknown>>): Promise<Response> =>
      fetch(`${synapse.url}/_matrix/client/v3/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${appservice.asToken}` },
        body: JSON.stringify(body),
      });
    await ask('register', { type: 'm.login.application_service', username: ALIEN, inhibit_login: true });
    const alias = `communicationrequest/${context.prefix}taken`;
    for (const room_alias_name of [alias, `${alias}/care`]) {
      const made = await ask(`createRoom?user_id=@${ALIEN}:${synapse.serverName}`, { room_alias_name });
      expect(made.status).toBe(200);
    }
    await context.createConversation('taken', carelessMessage());
    const hasDeadLetter = async (): Promise<boolean> => {
      const stats = (await (await fetch(`${context.bridge.opsUrl}/api/v1/queue/stats`)).json()) as {
        deadLetters: number;
      };
      return stats.deadLetters > 0;
    };
    await waitUntil(hasDeadLetter, { what: 'there is a dead letter', timeoutMs: 60_000 });
  }
});
