// A space and a conversation that are there, and the people of whom the tests of their members speak.
import type { Pool } from 'pg';
import type { MatrixEvent } from '../../src/domain/matrix.ts';
import * as people from '../../src/store/people.ts';
import { ref } from './fhir.ts';
import { createWorld, DOCTOR, NURSE, ROOM, SPACE, stateEvent, writeRooms } from './leading-world.ts';
import { userId } from './matrix.ts';

export const GHOST = userId('@_fhir_daughter:example.org');

/** Writes both rooms, the nurse, the doctor and a relative into the store. */
export async function writeScene(db: Pool): Promise<void> {
  await writeRooms(db);
  await people.savePeople(db, [
    { reference: ref('Practitioner/7'), userId: NURSE, kind: 'user', source: 'telecom' },
    { reference: ref('Practitioner/8'), userId: DOCTOR, kind: 'user', source: 'telecom' },
    { reference: ref('PractitionerRole/88'), userId: DOCTOR, kind: 'user', source: 'telecom' },
    { reference: ref('RelatedPerson/3'), userId: GHOST, kind: 'ghost', source: 'ghost' },
  ]);
}

/** Both rooms are there; the team has the nurse, the conversation nobody but its requester, the nurse. */
export function createScene(
  db: Pool,
  over: Parameters<typeof createWorld>[1] = {},
  participants: readonly string[] = ['Practitioner/7'],
) {
  const world = createWorld(db, over);
  world.matrix.make(SPACE, { type: 'm.space' });
  world.matrix.make(ROOM);
  const role = { practitioner: { reference: 'Practitioner/8' } };
  world.fhir.put({ resourceType: 'PractitionerRole', id: '88', ...role });
  world.fhir.put({
    resourceType: 'CareTeam',
    id: '1',
    subject: { reference: 'Patient/1' },
    participant: participants.map((reference) => ({ member: { reference } })),
  });
  world.fhir.put({
    resourceType: 'CommunicationRequest',
    id: '2',
    status: 'active',
    subject: { reference: 'Patient/1' },
    requester: { reference: 'Practitioner/7' },
  });
  return world;
}

/** The event by which somebody's membership changed; by themselves unless told otherwise. */
export function member(
  who: string,
  membership: string,
  over: Partial<Record<keyof MatrixEvent, unknown>> = {},
): MatrixEvent {
  return stateEvent(
    'm.room.member',
    { membership },
    { event_id: `$${membership}`, state_key: who, sender: who, ...over },
  );
}
