// Members who come and go by Matrix: what is written to FHIR, proposed, restored or left alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import * as people from '../../../src/store/people.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { DOCTOR, NURSE, ROOM, SPACE } from '../../builders/leading-world.ts';
import { BOT, userId } from '../../builders/matrix.ts';
import { createScene, GHOST, member, writeScene } from '../../builders/membership-scene.ts';
import { at } from '../../builders/people.ts';

const NEW_ACCOUNT = userId('@doctor:new.example');
const database = useBridgeDatabase();

beforeEach(async () => {
  await writeScene(database());
});

describe('under the policy follow', () => {
  test('who joins a space becomes a participant, and the rooms that count on the team converge', async () => {
    const { matrix, fhir, facts, handle, converged } = createScene(database());
    await roomMembers.saveDependencies(
      database(),
      ref('CommunicationRequest/2'),
      new Set([ref('CareTeam/1')]),
    );
    matrix.member(SPACE, DOCTOR, 'join');
    expect(await handle(member(DOCTOR, 'join'))).toBe('done');
    expect(fhir.get('CareTeam/1')).toMatchObject({
      participant: [
        { member: { reference: 'Practitioner/7' } },
        { member: { reference: 'Practitioner/8' }, period: { start: '2026-11-21T12:00:00.000Z' } },
      ],
    });
    expect(await converged()).toEqual(['CareTeam/1', 'CommunicationRequest/2']);
    const person = { userId: DOCTOR, person: 'Practitioner/8' };
    expect(facts).toMatchObject([
      {
        ...{ kind: 'joined', by: person, member: person, roomId: SPACE },
        on: { reference: 'CareTeam/1', versionId: '2' },
      },
    ]);
    const { rows } = await database().query('select reference, version_id, origin from resource_version');
    expect(rows).toEqual([{ reference: 'CareTeam/1', version_id: '2', origin: 'written' }]);
  });

  test('an attempt repeated after its write was lost from sight writes nothing more', async () => {
    const { matrix, fhir, handle } = createScene(database());
    matrix.member(SPACE, DOCTOR, 'join');
    await handle(member(DOCTOR, 'join'));
    expect(await handle(member(DOCTOR, 'join'), { number: 2, inDoubt: true })).toBe('done');
    expect(fhir.writes).toEqual(['CareTeam/1']);
  });

  test('who joins a conversation becomes its recipient; its requester is in it anyway', async () => {
    const { matrix, fhir, handle, converged } = createScene(database());
    matrix.member(ROOM, DOCTOR, 'join');
    expect(await handle(member(DOCTOR, 'join', { room_id: ROOM }))).toBe('done');
    expect(fhir.get('CommunicationRequest/2')).toMatchObject({
      recipient: [{ reference: 'Practitioner/8' }],
    });
    expect(await handle(member(NURSE, 'join', { room_id: ROOM, event_id: '$nurse' }))).toBe('done');
    expect(fhir.writes).toEqual(['CommunicationRequest/2']);
    // The nurse's joining lets an account they had before leave.
    expect(await converged()).toEqual(['CommunicationRequest/2', 'CommunicationRequest/2']);
  });

  test.each([
    ['leaves', member(DOCTOR, 'leave')],
    ['rejects the invitation', member(DOCTOR, 'leave')],
    ['is removed by a member', member(DOCTOR, 'leave', { sender: NURSE })],
    ['is banned by a member', member(DOCTOR, 'ban', { sender: NURSE })],
  ])('who %s is a participant no more, in no role', async (_, event) => {
    const { matrix, fhir, handle, converged } = createScene(database(), {}, [
      'Practitioner/8',
      'PractitionerRole/88',
    ]);
    matrix.member(SPACE, DOCTOR, String(event.content['membership']), event.sender);
    expect(await handle(event)).toBe('done');
    const period = { end: '2026-11-21T12:00:00.000Z' };
    expect(fhir.get('CareTeam/1')).toMatchObject({
      participant: [
        { member: { reference: 'Practitioner/8' }, period },
        { member: { reference: 'PractitionerRole/88' }, period },
      ],
    });
    expect(await converged()).toEqual(['CareTeam/1']);
  });

  test('who is named by a role that they hold leaves in it, as whom alone they are known', async () => {
    const { matrix, fhir, handle } = createScene(database(), {}, [
      'PractitionerRole/70',
      'PractitionerRole/80',
    ]);
    const role = (id: string, practitioner: string) => ({
      ...({ resourceType: 'PractitionerRole', id } as const),
      practitioner: { reference: practitioner },
    });
    fhir.put(role('70', 'Practitioner/7'));
    fhir.put(role('80', 'Practitioner/8'));
    matrix.member(SPACE, NURSE, 'leave');
    expect(await handle(member(NURSE, 'leave'))).toBe('done');
    expect(fhir.get('CareTeam/1')).toMatchObject({
      participant: [
        { member: { reference: 'PractitionerRole/70' }, period: { end: '2026-11-21T12:00:00.000Z' } },
        { member: { reference: 'PractitionerRole/80' } },
      ],
    });
  });

  test('a convergence under way does not bring back into the base who leaves meanwhile', async () => {
    const { bridge, matrix, handle } = createScene(database(), {}, ['Practitioner/8']);
    const base = new Map([[DOCTOR, ref('Practitioner/8')]]);
    await roomMembers.saveBase(database(), ref('CareTeam/1'), base);
    matrix.member(SPACE, DOCTOR, 'leave');
    let converging: Promise<unknown> = Promise.resolve();
    // It has read FHIR, and saves whom it found there; the lock makes who writes to FHIR wait for it.
    const lock: typeof bridge.roomLock = async (_key, _signal, work) => {
      await converging;
      return work();
    };
    Object.assign(bridge, { roomLock: lock });
    converging = sleep(100).then(() => roomMembers.saveBase(database(), ref('CareTeam/1'), base));
    expect(await handle(member(DOCTOR, 'leave'))).toBe('done');
    await converging;
    expect((await roomMembers.readMembers(database(), ref('CareTeam/1'))).base).toEqual(new Set());
  });

  test('who joins by the bridge’s own invitation after FHIR dropped them is not brought back', async () => {
    const { matrix, fhir, handle, converged } = createScene(database());
    await roomMembers.saveBase(database(), ref('CareTeam/1'), new Map([[DOCTOR, ref('Practitioner/8')]]));
    matrix.member(SPACE, DOCTOR, 'join');
    expect(await handle(member(DOCTOR, 'join'))).toBe('done');
    expect(fhir.writes).toEqual([]);
    expect(await converged()).toEqual(['CareTeam/1']);
  });

  test('who left and comes back by a member’s invitation takes part again, before any convergence', async () => {
    const { matrix, fhir, handle } = createScene(database(), {}, ['Practitioner/8']);
    await roomMembers.saveBase(database(), ref('CareTeam/1'), new Map([[DOCTOR, ref('Practitioner/8')]]));
    matrix.member(SPACE, DOCTOR, 'leave');
    await handle(member(DOCTOR, 'leave'));
    matrix.member(SPACE, DOCTOR, 'join');
    await handle(member(DOCTOR, 'join'));
    expect(fhir.writes).toEqual(['CareTeam/1', 'CareTeam/1']);
    expect(fhir.get('CareTeam/1')).toMatchObject({
      participant: [
        { member: { reference: 'Practitioner/8' }, period: { end: '2026-11-21T12:00:00.000Z' } },
        { member: { reference: 'Practitioner/8' }, period: { start: '2026-11-21T12:00:00.000Z' } },
      ],
    });
  });

  test('a ghost removed by a member is a person who left', async () => {
    const { matrix, fhir, handle } = createScene(database(), {}, ['RelatedPerson/3']);
    matrix.member(SPACE, GHOST, 'leave', NURSE);
    expect(await handle(member(GHOST, 'leave', { sender: NURSE }))).toBe('done');
    expect(fhir.get('CareTeam/1')).toMatchObject({
      participant: [{ period: { end: '2026-11-21T12:00:00.000Z' } }],
    });
  });

  test('who comes through a team within the team is not added, and cannot leave: that is counted', async () => {
    const { matrix, fhir, handle } = createScene(database(), {}, ['CareTeam/9']);
    const inTeam = [{ member: { reference: 'PractitionerRole/88' } }];
    fhir.put({ resourceType: 'CareTeam', id: '9', participant: inTeam });
    fhir.put({ resourceType: 'PractitionerRole', id: '88', practitioner: { reference: 'Practitioner/8' } });
    await roomMembers.saveBase(database(), ref('CareTeam/1'), new Map([[DOCTOR, ref('Practitioner/8')]]));
    matrix.member(SPACE, DOCTOR, 'join');
    expect(await handle(member(DOCTOR, 'join'))).toBe('done');
    matrix.member(SPACE, DOCTOR, 'leave');
    expect(await handle(member(DOCTOR, 'leave'))).toBe('not-expressible');
    expect(fhir.writes).toEqual([]);
  });

  test('the requester of a conversation who leaves stays its requester: that is counted', async () => {
    const { matrix, handle } = createScene(database());
    matrix.member(ROOM, NURSE, 'leave');
    expect(await handle(member(NURSE, 'leave', { room_id: ROOM }))).toBe('not-expressible');
  });

  test.each([
    ['joined and has left since', 'join', 'leave'],
    ['left and is back since', 'leave', 'join'],
    ['left and is invited again since', 'leave', 'invite'],
  ])('who %s is left to the later event', async (_, then, now) => {
    const { matrix, fhir, handle } = createScene(database(), {}, then === 'leave' ? ['Practitioner/8'] : []);
    matrix.member(SPACE, DOCTOR, now);
    expect(await handle(member(DOCTOR, then))).toBe('superseded');
    expect(fhir.writes).toEqual([]);
  });

  test.each([
    ['a user nobody knows', member('@stranger:example.org', 'join'), 'unmapped-member'],
    ['one of them leaving', member('@stranger:example.org', 'leave'), 'unmapped-member'],
    ['who left without having been in', member(DOCTOR, 'leave'), 'not-a-member'],
    ['an invitation', member(DOCTOR, 'invite', { sender: NURSE }), 'not-joined-yet'],
  ])('%s is nothing to carry, and something to compare', async (_, event, reason) => {
    const { fhir, handle, converged } = createScene(database());
    expect(await handle(event)).toBe(reason);
    expect(fhir.writes).toEqual([]);
    expect(await converged()).toEqual(['CareTeam/1']);
  });

  test.each([
    ['what the bot did', member(DOCTOR, 'leave', { sender: BOT }), 'own-state'],
    ['what a ghost did', member(GHOST, 'leave'), 'own-state'],
    ['the bot being removed', member(BOT, 'leave', { sender: NURSE }), 'bot-membership'],
    ['no membership at all', member(DOCTOR, 'gone'), 'malformed'],
  ])('%s changes nothing', async (_, event, reason) => {
    const { fhir, handle, converged } = createScene(database());
    expect(await handle(event)).toBe(reason);
    expect(fhir.writes).toEqual([]);
    expect(await converged()).toEqual([]);
  });

  test('a resource that was never meant changes no more', async () => {
    const { matrix, fhir, handle } = createScene(database());
    fhir.put({ resourceType: 'CareTeam', id: '1', status: 'entered-in-error' });
    matrix.member(SPACE, DOCTOR, 'join');
    expect(await handle(member(DOCTOR, 'join'))).toBe('status');
  });
});

describe('a person who moved to another account', () => {
  beforeEach(async () => {
    await people.savePeople(
      database(),
      ['Practitioner/8', 'PractitionerRole/88'].map((reference) => ({
        ...{ reference: ref(reference), userId: NEW_ACCOUNT, kind: 'user', source: 'telecom' },
      })),
    );
  });

  /** FHIR has the new account, and the room still knows the old one. */
  const createMoved = async (participant: string) => {
    const world = createScene(database(), {}, [participant]);
    world.fhir.put({ resourceType: 'Practitioner', id: '8', telecom: [at(NEW_ACCOUNT)] });
    const members = new Map([[DOCTOR, ref('Practitioner/8')]]);
    await roomMembers.saveBase(database(), ref('CareTeam/1'), members);
    return world;
  };

  test.each(['join', 'invite'])(
    'has not left when the old one leaves (the new one: %s)',
    async (membership) => {
      const { matrix, fhir, handle, converged } = await createMoved('Practitioner/8');
      matrix.member(SPACE, NEW_ACCOUNT, membership);
      matrix.member(SPACE, DOCTOR, 'leave');
      expect(await handle(member(DOCTOR, 'leave'))).toBe('moved');
      expect(fhir.writes).toEqual([]);
      // The level that the old account had is to go.
      expect(await converged()).toEqual(['CareTeam/1']);
    },
  );

  test('has left when the old one leaves and the new one is not there', async () => {
    const { matrix, fhir, handle } = await createMoved('PractitionerRole/88');
    matrix.member(SPACE, DOCTOR, 'leave');
    expect(await handle(member(DOCTOR, 'leave'))).toBe('done');
    expect(fhir.get('CareTeam/1')).toMatchObject({
      participant: [{ period: { end: expect.any(String) as string } }],
    });
  });
});

test('under the policy suggest, each event becomes one Task, however often it is tried', async () => {
  const { matrix, fhir, handle, converged } = createScene(database(), { membership: 'suggest' });
  matrix.member(SPACE, DOCTOR, 'join');
  const event = member(DOCTOR, 'join');
  expect(await handle(event)).toBe('done');
  expect(await handle(event, { number: 2, inDoubt: true })).toBe('done');
  expect(fhir.writes).toEqual([expect.stringMatching(/^Task\/task-[0-9a-f]{43}$/)]);
  expect(fhir.get(String(fhir.writes[0]))).toMatchObject({
    status: 'requested',
    intent: 'proposal',
    code: { text: 'Add member' },
    focus: { reference: 'CareTeam/1' },
    for: { reference: 'Patient/1' },
    requester: { reference: 'Practitioner/8' },
    input: [{ valueReference: { reference: 'Practitioner/8' } }],
  });
  // Whoever left and was no member, or came and is one, is nothing to propose.
  matrix.member(SPACE, NURSE, 'join');
  expect(await handle(member(NURSE, 'join', { event_id: '$nurse' }))).toBe('done');
  expect(fhir.writes).toHaveLength(1);
  expect(await converged()).toEqual(['CareTeam/1']);
});

test.each([
  ['joins', member('@stranger:example.org', 'join')],
  ['leaves', member(NURSE, 'leave')],
])('under the policy ignore, who %s is left to convergence', async (_, event) => {
  const { fhir, handle, converged } = createScene(database(), { membership: 'ignore' });
  expect(await handle(event)).toBe('done');
  expect(fhir.writes).toEqual([]);
  expect(await converged()).toEqual(['CareTeam/1']);
});
