// A person who left, and whom FHIR names no more: who adds them again later is not overruled by the leaving.
import { beforeEach, expect, test } from 'vitest';
import * as roomMembers from '../../../src/store/room-members.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { DOCTOR, SPACE } from '../../builders/leading-world.ts';
import { createScene, member, writeScene } from '../../builders/membership-scene.ts';

const database = useBridgeDatabase();

beforeEach(async () => {
  await writeScene(database());
});

test.each([
  ['alone', ['Practitioner/8'], []],
  ['beside a team within the team', ['Practitioner/8', 'CareTeam/9'], ['CareTeam/9']],
])(
  'who leaves while the bridge dies after its write can be added again: named %s',
  async (_, before, after) => {
    const { matrix, fhir, handle } = createScene(database(), {}, before);
    fhir.put({
      resourceType: 'CareTeam',
      id: '9',
      participant: [{ member: { reference: 'Practitioner/7' } }],
    });
    const base = new Map([[DOCTOR, ref('Practitioner/8')]]);
    await roomMembers.saveBase(database(), ref('CareTeam/1'), base);
    matrix.member(SPACE, DOCTOR, 'leave');
    // What the first attempt wrote before it died.
    const participant = after.map((reference) => ({ member: { reference } }));
    fhir.put({ resourceType: 'CareTeam', id: '1', participant });
    expect(await handle(member(DOCTOR, 'leave'), { number: 2, inDoubt: true })).toBe('not-a-member');
    expect((await roomMembers.readMembers(database(), ref('CareTeam/1'))).base).toEqual(new Set());
  },
);
