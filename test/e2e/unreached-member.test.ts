// Somebody whose homeserver does not answer cannot be invited: the others talk all the same, and it is tried again.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import { aliases, practitioner, request, team } from './care.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

/** Nothing listens there. */
const DEAD_SERVER = 'localhost:9';

describe.skipIf(inject('stackMissing') !== undefined)('a member whose homeserver does not answer', () => {
  let context: TestContext;
  beforeAll(async () => {
    context = await startContext({ BRIDGE_MATRIX_TRUSTED_SERVERS: DEAD_SERVER });
  });
  afterAll(async () => {
    await context.end();
  });

  test('keeps nobody else waiting, and is tried again by itself', async () => {
    const { prefix, platform, nurse, database } = context;
    const away = `Practitioner/${prefix}away`;
    await platform.put(practitioner(`${prefix}away`, 'Doctor Away', `@doctor:${DEAD_SERVER}`));
    const people = [away, `Practitioner/${prefix}nurse`, `RelatedPerson/${prefix}daughter`];
    await platform.put(team(prefix, `${prefix}team`, people));
    await platform.put(request(prefix, `${prefix}talk`, people));

    const roomId = await nurse.join(aliases.room(`${prefix}talk`));
    await platform.post(communication(prefix, `${prefix}talk`, 'Is anyone there?'));
    await nurse.hear(roomId, 'Is anyone there?');

    const members = await botView().members(roomId);
    expect(members[ghostOf(`RelatedPerson/${prefix}daughter`)]).toBe('join');
    expect(members).not.toHaveProperty([`@doctor:${DEAD_SERVER}`]);
    await eventually(() => waitingInvitations(database.url)).toEqual([
      { key: `invite:CareTeam/${prefix}team`, last_error_code: 'matrix-unavailable' },
      { key: `invite:CommunicationRequest/${prefix}talk`, last_error_code: 'matrix-unavailable' },
    ]);
  });
});

async function waitingInvitations(databaseUrl: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ key: string; last_error_code: string }>(
      `select key, last_error_code from lane where key like 'invite:%' and last_error_code is not null order by key`,
    );
    return rows;
  } finally {
    await client.end();
  }
}
