// What FHIR says of a person who was forgotten: where it names them still, where that brings them back, and as whom. On a real database.
import { describe, expect, test } from 'vitest';
import type { FhirReference } from '../../../src/domain/ids.ts';
import { beginForgetting } from '../../../src/flows/forgetting/begin.ts';
import { orderForgetting } from '../../../src/flows/forgetting/order.ts';
import { stillNamedBy } from '../../../src/flows/forgetting/still-named.ts';
import { whomOf } from '../../../src/flows/forgetting/whom.ts';
import { ghostIdOf } from '../../../src/flows/people/desired-ghost.ts';
import { personToRooms } from '../../../src/flows/people/person-to-rooms.ts';
import { SETTINGS } from '../../builders/bridge.ts';
import { findInDatabase } from '../../builders/forgetting-world.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { SPACE } from '../../builders/leading-world.ts';
import { createSeenWorld, named } from '../../builders/seen-world.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const DAUGHTER = ref('RelatedPerson/3');
const TEAM = ref('CareTeam/1');
const [FIRST, SECOND] = [ghostIdOf(SETTINGS, DAUGHTER), ghostIdOf(SETTINGS, DAUGHTER, 1)];
type Status = 'active' | 'inactive' | 'suspended';

/** The daughter is in the team's space, as a ghost. */
async function createScene() {
  const world = await createSeenWorld(pool());
  const { bridge, matrix, fhir } = world;
  const done = (): Promise<void> => Promise.resolve();
  Object.assign(bridge.homeserver, {
    ...{ registerGhost: done, setDisplayName: done },
    join: (as: Parameters<typeof matrix.member>[1], id: typeof SPACE) => {
      matrix.member(id, as, 'join');
      return done();
    },
  });
  const person = { patient: { reference: 'Patient/1' }, name: [{ text: 'Katrijn Stormvogel' }] };
  fhir.put({ resourceType: 'RelatedPerson', id: '3', ...person });
  const converge = async (status: Status): Promise<void> => {
    world.write({ participant: [named(DAUGHTER)], status });
    await world.converge(TEAM);
  };
  const membership = async (ghost: string) =>
    (await world.content(SPACE, 'm.room.member', ghost))?.['membership'];
  await converge('active');
  return {
    ...{ bridge, converge, membership },
    named: (people: readonly FhirReference[] = [DAUGHTER]) => stillNamedBy(bridge, people, never),
    order: async () =>
      orderForgetting(
        { ...bridge, homeserver: { ...bridge.homeserver, roomsEver: () => Promise.resolve([SPACE]) } },
        await whomOf(bridge, DAUGHTER, never),
        { cause: 'order', by: {}, redacts: false },
        never,
      ),
    /** Forgotten, up to the last step on the homeserver. */
    forget: async (): Promise<void> => {
      const whom = await whomOf(bridge, DAUGHTER, never);
      await beginForgetting(bridge, whom, [], { cause: 'test', by: {}, redacts: false });
      await bridge.homeserver.leave(FIRST, SPACE);
      await bridge.transact((tx) => bridge.store.personalData.eraseRowsOf(tx, whom));
    },
  };
}

describe('a person whom FHIR names', () => {
  test('in an open space is not to be forgotten, for they would be back; in one that is over they are', async () => {
    const { converge, named, order } = await createScene();
    expect(await order()).toEqual({ kind: 'refused', namedBy: [TEAM] });
    expect((await pool().query('select from forgetting')).rowCount).toBe(0);
    expect(await named([ref('RelatedPerson/4')])).toEqual([]);
    await converge('suspended');
    expect(await named()).toEqual([]);
    expect(await order()).toEqual({ kind: 'begun' });
  });

  test.each<Status>(['suspended', 'inactive'])('in a space that is %s does not come back', async (status) => {
    const { converge, forget, membership } = await createScene();
    await converge(status);
    await forget();
    await converge(status);
    expect([await membership(FIRST), await membership(SECOND)]).toEqual(['leave', undefined]);
    expect(await findInDatabase(pool(), 'Katrijn')).toEqual([]);
    expect((await pool().query('select from person where reference = $1', [DAUGHTER])).rowCount).toBe(0);
  });

  test('anew in an open space comes back with another ghost, and stays when the space is over', async () => {
    const { converge, forget, membership } = await createScene();
    await converge('suspended');
    await forget();
    await converge('active');
    expect([await membership(FIRST), await membership(SECOND)]).toEqual(['leave', 'join']);
    await converge('suspended');
    expect(await membership(SECOND)).toBe('join');
  });

  test('nowhere is not stored again because their record changes', async () => {
    const { bridge, converge, forget } = await createScene();
    await converge('inactive');
    await forget();
    await pool().query('delete from room_dependency');
    await personToRooms(bridge, DAUGHTER, 'RelatedPerson/3/2', never);
    expect((await pool().query('select from person where reference = $1', [DAUGHTER])).rowCount).toBe(0);
    expect(await findInDatabase(pool(), 'Katrijn')).toEqual([]);
  });
});
