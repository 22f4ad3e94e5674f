// Whoever accepts the bridge's invitation while the convergence that invited them is under way. On a real database.
import { beforeEach, expect, test } from 'vitest';
import type { RoomLock } from '../../../src/store/room-locks.ts';
import * as people from '../../../src/store/people.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { createWorld, DOCTOR, ROOM, stateEvent, writeRooms } from '../../builders/leading-world.ts';

const database = useBridgeDatabase();
const REQUEST = ref('CommunicationRequest/2');
const PERSON = ref('Practitioner/8');

beforeEach(async () => {
  await writeRooms(database());
  await people.savePeople(database(), [
    { reference: PERSON, userId: DOCTOR, kind: 'user', source: 'telecom' },
  ]);
});

/** The doctor joins the conversation, which is with their team; `underWay` is what holds the room's lock till then. */
async function joins(underWay: () => Promise<void>) {
  const { bridge, fhir, handle, matrix, converged } = createWorld(database());
  const roomLock: RoomLock = async (_key, _signal, work) => {
    await underWay();
    return work();
  };
  Object.assign(bridge, { roomLock });
  matrix.make(ROOM);
  matrix.member(ROOM, DOCTOR, 'join');
  fhir.put({
    ...{ resourceType: 'CommunicationRequest', id: '2', status: 'active' },
    ...{ subject: { reference: 'Patient/1' }, recipient: [{ reference: 'CareTeam/1' }] },
  });
  const event = { event_id: '$join', room_id: ROOM, state_key: DOCTOR, sender: DOCTOR };
  const outcome = await handle(stateEvent('m.room.member', { membership: 'join' }, event));
  return { outcome, writes: fhir.writes, converged: await converged() };
}

test('came by their team alone: they go with it', async () => {
  const inviting = () => roomMembers.saveBase(database(), REQUEST, new Map([[DOCTOR, PERSON]]));
  const { outcome, writes, converged } = await joins(inviting);
  expect([outcome, writes, converged]).toEqual(['done', [], [REQUEST]]);
});

test('whom no convergence has invited came by themselves', async () => {
  const { outcome, writes } = await joins(() => Promise.resolve());
  expect([outcome, writes]).toEqual(['done', [REQUEST]]);
});
