// An account that FHIR no longer gives to its former owner is not taken for them, whether a room depends on them or not.
import { beforeEach, describe, expect, test } from 'vitest';
import type { FhirReference } from '../../../src/domain/ids.ts';
import { createIntake } from '../../../src/flows/intake.ts';
import { personToRooms } from '../../../src/flows/people/person-to-rooms.ts';
import { findBusyLanes, knownSourceIds } from '../../../src/inbox/known-items.ts';
import * as people from '../../../src/store/people.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { ATTEMPT, settle } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { NURSE, ROOM } from '../../builders/leading-world.ts';
import { userId } from '../../builders/matrix.ts';
import { createScene, member, writeScene } from '../../builders/membership-scene.ts';
import { at } from '../../builders/people.ts';
import { createRelayWorld, REQUEST } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const AN = userId('@an:example.org');
const NOW = '2026-11-21T12:00:00.000Z';
const an = (telecom: readonly unknown[]) => stored('Practitioner/30', '2', NOW, { telecom });
const other = (telecom: readonly unknown[]) => stored('Practitioner/31', '1', NOW, { telecom });

/** An's account, as a convergence long ago recorded it. */
async function rememberAn(): Promise<void> {
  const row = { reference: ref('Practitioner/30'), userId: AN, kind: 'user', source: 'telecom' } as const;
  await people.savePeople(pool(), [row]);
}

describe('a message of an account', () => {
  const write = async (...resources: readonly ReturnType<typeof stored>[]) => {
    const world = await createRelayWorld(pool());
    await rememberAn();
    for (const each of resources)
      world.fhir.stored.set(`${each.resourceType}/${each.id}` as FhirReference, each);
    const { next } = await world.toFhir({ sender: AN });
    return { record: [...world.fhir.stored.values()].at(-1), next };
  };
  const nobody = { identifier: { value: 'matrix:u/an:example.org' } };

  test('that FHIR still gives to its owner is recorded as theirs', async () => {
    const { record } = await write(an([at(AN)]));
    expect(record).toMatchObject({ sender: { reference: 'Practitioner/30' } });
  });

  test('that FHIR withdrew is nobody’s, and who writes is told', async () => {
    const { record, next } = await write(an([]));
    expect(record).toMatchObject({ sender: nobody });
    expect(next.map(({ payload }) => payload)).toMatchObject([{ reason: 'unmapped-sender' }]);
    expect(await people.findPersonByUserId(pool(), AN)).toBeUndefined();
  });

  test('whose owner is gone is nobody’s', async () => {
    expect((await write()).record).toMatchObject({ sender: nobody });
  });

  test('that a conversation knew, and FHIR withdrew, is nobody’s there either', async () => {
    const world = await createRelayWorld(pool());
    await rememberAn();
    await roomMembers.saveBase(pool(), REQUEST, new Map([[AN, ref('Practitioner/30')]]));
    world.fhir.stored.set(ref('Practitioner/30'), an([]));
    await world.toFhir({ sender: AN });
    expect([...world.fhir.stored.values()].at(-1)).toMatchObject({ sender: nobody });
  });
});

describe('who joins with an account', () => {
  const join = async (telecom: readonly unknown[]) => {
    await writeScene(pool());
    await rememberAn();
    const world = createScene(pool());
    world.fhir.put({ resourceType: 'Practitioner', id: '30', telecom: [...telecom] as object[] });
    world.matrix.member(ROOM, AN, 'join', NURSE);
    const result = await world.handle(member(AN, 'join', { room_id: ROOM, sender: AN }));
    return { result, recipient: world.fhir.get('CommunicationRequest/2') };
  };

  test('that FHIR gives to a person makes that person a recipient', async () => {
    const { result, recipient } = await join([at(AN)]);
    expect(result).toBe('done');
    expect(recipient).toMatchObject({ recipient: [{ reference: 'Practitioner/30' }] });
  });

  test('that FHIR withdrew makes nobody a recipient', async () => {
    const { result, recipient } = await join([]);
    expect(result).toBe('unmapped-member');
    expect(recipient).not.toHaveProperty('recipient');
  });
});

describe('a change of a person on whom no room depends', () => {
  let world: Awaited<ReturnType<typeof createRelayWorld>>;
  beforeEach(async () => {
    world = await createRelayWorld(pool());
    await rememberAn();
  });
  const take = async (...resources: readonly ReturnType<typeof stored>[]) => {
    for (const each of resources) world.fhir.stored.set(`Practitioner/${each.id}` as FhirReference, each);
    const intake = createIntake({
      ...world.relay,
      knownSourceIds,
      findBusyLanes,
      wakeMatrixReader: () => Promise.resolve(),
    });
    await intake.pulled('Practitioner', resources);
    const { rows } = await pool().query<{ payload: { reference: FhirReference } }>(
      'select payload from item',
    );
    for (const { payload } of rows)
      await settle(
        world.relay,
        await personToRooms(world.relay, payload.reference, 'change', ATTEMPT.signal),
      );
    return rows.map(({ payload }) => payload.reference);
  };

  test('is taken in where their account is known, and ends it', async () => {
    expect(await take(an([]))).toEqual(['Practitioner/30']);
    expect(await people.findPersonByUserId(pool(), AN)).toBeUndefined();
  });

  test('is taken in where it names a known account, which then has its new owner', async () => {
    expect(await take(an([]), other([at(AN)]))).toEqual(['Practitioner/30', 'Practitioner/31']);
    expect(await people.findPersonByUserId(pool(), AN)).toBe('Practitioner/31');
  });

  test('is taken in where it names an account that FHIR withdrew before, which then has its new owner', async () => {
    await take(an([]));
    await pool().query('delete from item');
    expect(await take(an([]), other([at(AN)]))).toContain('Practitioner/31');
    expect(await people.findPersonByUserId(pool(), AN)).toBe('Practitioner/31');
  });

  test('is dropped where neither is so', async () => {
    expect(await take(other([at('@new:example.org')]))).toEqual([]);
  });
});
