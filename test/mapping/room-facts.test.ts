// What changes to a room mean for its members: joined, left, another level.
import { expect, test } from 'vitest';
import { factsOfChanges } from '../../src/mapping/room-facts.ts';
import { changes, made, membership } from '../builders/actual-room.ts';
import { member, room } from '../builders/desired-room.ts';
import { ref } from '../builders/fhir.ts';
import { roomId, userId } from '../builders/matrix.ts';

const ON = { reference: ref('CareTeam/244'), versionId: '3' };
const ROOM = roomId('!space:example.org');
const PATIENT = ref('Patient/12');
const GHOST = userId('@_fhir_doctor:example.org');
const NURSE = userId('@nurse:example.org');
const GONE = userId('@gone:example.org');

test('a ghost joins, a person who is dropped leaves, and another has another level; an invitation is nothing yet', () => {
  const doctor = member(GHOST, { reference: ref('Practitioner/8'), kind: 'ghost' });
  const before = room({ members: [member(NURSE, { level: 50 })] });
  const desired = room({ members: [member(NURSE), doctor, member('@late:example.org')] });
  const actual = made(before, membership(NURSE, 'join'), membership(GONE, 'join'));
  const facts = factsOfChanges(
    changes(desired, actual, { base: [GONE, NURSE] }),
    { desired, actual },
    {
      ...ON,
      subject: PATIENT,
      roomId: ROOM,
    },
  );
  const common = { by: {}, on: ON, subject: PATIENT, roomId: ROOM };
  const raised = { kind: 'level-changed', ...common, level: 75 };
  expect(facts).toEqual([
    { ...raised, formerLevel: 50, member: { userId: NURSE, person: 'Practitioner/7' } },
    { ...raised, formerLevel: 25, member: { userId: GHOST, person: 'Practitioner/8' } },
    { ...raised, formerLevel: 25, member: { userId: '@late:example.org', person: 'Practitioner/7' } },
    { kind: 'joined', ...common, member: { userId: GHOST, person: 'Practitioner/8' }, level: 75 },
    { kind: 'left', ...common, member: { userId: GONE, person: undefined } },
  ]);
});
