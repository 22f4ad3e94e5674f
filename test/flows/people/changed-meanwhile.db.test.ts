// What changes between the reading of people and the storing of what a room depends on is not lost. On a real database.
import { describe, expect, test } from 'vitest';
import type { RoomAlias } from '../../../src/domain/ids.ts';
import { changedMeanwhile } from '../../../src/flows/people/changed-meanwhile.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import * as people from '../../../src/store/people.ts';
import * as resourceVersions from '../../../src/store/resource-versions.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { waitUntil } from '../../../stack/wait.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';
import { bridgeOver, resolveWanted } from '../../builders/people.ts';
import { tables } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const TEAM = ref('CareTeam/1');
const meanwhileIn = {
  store: tables,
  clock: { now: () => new Date('2025-09-26T12:00:00Z'), monotonicMs: () => 0 },
};

describe('what changed while a room was being brought up to date', () => {
  const wanted = {
    people: ['Patient/1', 'Patient/2'].map((reference) => ({ reference: ref(reference), roles: [] })),
    ...{ careTeams: [], organizations: [] },
  };
  const meanwhile = async (...versions: readonly [string, string, string][]) => {
    const resolved = await resolveWanted(bridgeOver({ 'Patient/1': {} }).bridge, wanted);
    const read = versions.map(([reference, versionId, at]) => ({
      ...{ reference: ref(reference), versionId },
      lastUpdated: `2025-09-26T${at}Z`,
    }));
    await resourceVersions.recordRead(pool(), read);
    return changedMeanwhile({ ...meanwhileIn, db: pool() }, resolved.reads.stamps(), resolved);
  };

  test('is a newer version, or the first of one that was not there', async () => {
    expect(
      await meanwhile(
        ['Patient/1', '2', '09:00:01'],
        ['Patient/1', '3', '09:00:02'],
        ['Patient/2', '1', '08:00:00'],
        ['Patient/3', '9', '10:00:00'],
      ),
    ).toEqual(['Patient/1/3@2025-09-26T09:00:02.000Z', 'Patient/2/1@2025-09-26T08:00:00.000Z']);
  });

  test('is also what an operator says of an account', async () => {
    const resolved = await resolveWanted(bridgeOver({ 'Patient/1': {} }).bridge, wanted);
    await people.linkPerson(pool(), ref('Patient/1'), userId('@anna:h'));
    expect(await changedMeanwhile({ ...meanwhileIn, db: pool() }, resolved.reads.stamps(), resolved)).toEqual(
      [expect.stringMatching(/^Patient\/1 linked /)],
    );
  });

  test('is nothing where the version that was read is the last', async () => {
    expect(await meanwhile(['Patient/1', '0', '08:00:00'], ['Patient/1', '1', '09:00:00'])).toEqual([]);
  });
});

describe('a change that comes in at the very moment at which a room’s dependencies are stored', () => {
  test('is not lost between the two: who stores waits for who asks, and then sees the change', async () => {
    await rooms.reserveRoom(pool(), TEAM, '#team:h' as RoomAlias);
    const stamps = new Map([[ref('Patient/1'), '2025-09-26T09:00:00Z']]);
    let storing: Promise<readonly string[]> | undefined;
    await inTransaction(pool(), async (asking) => {
      await roomMembers.lockDependencies(asking, 'asking');
      const version = { reference: ref('Patient/1'), versionId: '2', lastUpdated: '2025-09-26T09:00:01Z' };
      await resourceVersions.recordRead(asking, [version]);
      expect(await roomMembers.findDependedOn(asking, [ref('Patient/1')])).toEqual(new Set());
      storing = inTransaction(pool(), async (tx) => {
        await roomMembers.lockDependencies(tx, 'storing');
        await roomMembers.saveDependencies(tx, TEAM, new Set([ref('Patient/1')]));
        return changedMeanwhile({ ...meanwhileIn, db: tx }, stamps, { overrides: new Map() });
      });
      await waitUntil(async () => (await waitingForLock()) > 0, {
        what: 'one waits for the other',
        timeoutMs: 10_000,
      });
    });
    expect(await storing).toEqual(['Patient/1/2@2025-09-26T09:00:01.000Z']);
  });

  async function waitingForLock(): Promise<number> {
    const { rows: found } = await pool().query<{ count: number }>(
      `select count(*)::int as count from pg_locks where locktype = 'advisory' and not granted
       and database = (select oid from pg_database where datname = current_database())`,
    );
    return found[0]?.count ?? 0;
  }
});
