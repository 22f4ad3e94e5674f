// Every coming and going in a bridged room is told to the audit trail, whatever becomes of it in FHIR.
import { beforeEach, describe, expect, test } from 'vitest';
import * as roomMembers from '../../../src/store/room-members.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { DOCTOR, NURSE, SPACE } from '../../builders/leading-world.ts';
import { createScene, member, writeScene } from '../../builders/membership-scene.ts';

const database = useBridgeDatabase();
const doctor = { userId: DOCTOR, person: 'Practitioner/8' };
const nurse = { userId: NURSE, person: 'Practitioner/7' };

beforeEach(async () => {
  await writeScene(database());
});

describe('told is', () => {
  test('who joins by the bridge’s own invitation, though FHIR has them already', async () => {
    const { matrix, facts, handle } = createScene(database(), {}, ['Practitioner/8']);
    await roomMembers.saveBase(database(), ref('CareTeam/1'), new Map([[DOCTOR, ref('Practitioner/8')]]));
    matrix.member(SPACE, DOCTOR, 'join');
    expect(await handle(member(DOCTOR, 'join'))).toBe('done');
    expect(facts).toMatchObject([
      { kind: 'joined', by: doctor, member: doctor, roomId: SPACE, on: { reference: 'CareTeam/1' } },
    ]);
  });

  test('a stranger who joins', async () => {
    const { facts, handle } = createScene(database());
    expect(await handle(member('@stranger:their.example', 'join'))).toBe('unmapped-member');
    expect(facts).toMatchObject([{ kind: 'joined', member: { userId: '@stranger:their.example' } }]);
  });

  test.each(['leave', 'ban'])('who is removed, and by whom: %s', async (membership) => {
    const { matrix, facts, handle } = createScene(database(), {}, ['Practitioner/8']);
    matrix.member(SPACE, DOCTOR, membership, NURSE);
    await handle(member(DOCTOR, membership, { sender: NURSE }));
    expect(facts).toMatchObject([{ kind: 'left', by: nurse, member: doctor }]);
  });
});

describe('not told is', () => {
  test.each([
    ['an invitation', 'invite', undefined],
    ['a change of name', 'join', 'join'],
    ['the ban of who had left', 'ban', 'leave'],
  ])('%s', async (_, membership, before) => {
    const { facts, handle } = createScene(database());
    const event = member('@stranger:their.example', membership, { sender: NURSE });
    await handle({ ...event, ...(before && { unsigned: { prev_content: { membership: before } } }) });
    expect(facts).toEqual([]);
  });
});
