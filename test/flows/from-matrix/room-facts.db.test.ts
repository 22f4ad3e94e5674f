// Every coming and going in a bridged room, and every other level, is told to the audit trail, whatever becomes of it in FHIR.
import { beforeEach, describe, expect, test } from 'vitest';
import * as invitations from '../../../src/store/invitations.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { DOCTOR, NOW, NURSE, SPACE, stateEvent } from '../../builders/leading-world.ts';
import { BOT, eventId, roomId, userId } from '../../builders/matrix.ts';
import { createScene, GHOST, member, writeScene } from '../../builders/membership-scene.ts';

const database = useBridgeDatabase();
const doctor = { userId: DOCTOR, person: 'Practitioner/8' };
const nurse = { userId: NURSE, person: 'Practitioner/7' };

const STRANGER = userId('@stranger:their.example');
const levels = (
  users: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>> | undefined,
  sender: string,
) =>
  stateEvent(
    'm.room.power_levels',
    { users },
    { sender, ...(before && { unsigned: { prev_content: { users: before } } }) },
  );

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

  test('who is removed from a room whose resource may not be read, without its version', async () => {
    const { bridge, matrix, facts, handle } = createScene(database(), { membership: 'ignore' });
    const read = () => Promise.reject(new BridgeError('fhir-forbidden', 'read CareTeam: 403'));
    Object.assign(bridge, { fhir: { ...bridge.fhir, read } });
    matrix.member(SPACE, DOCTOR, 'leave', NURSE);
    expect(await handle(member(DOCTOR, 'leave', { sender: NURSE }))).toBe('done');
    expect(facts).toMatchObject([{ kind: 'left', member: doctor, on: { reference: 'CareTeam/1' } }]);
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

/** The daughter's ghost is a member of the team, as a convergence left her that ended before it recorded anything else. */
const withDaughter = async () => {
  await roomMembers.savePending(database(), ref('CareTeam/1'), new Map([[GHOST, ref('RelatedPerson/3')]]));
  return createScene(database(), {}, ['RelatedPerson/3']);
};
const daughter = { userId: GHOST, person: 'RelatedPerson/3' };
const on = { reference: 'CareTeam/1', versionId: '1' };

describe('of what the bridge itself did, its own events tell, so that none is lost with a process', () => {
  test('that a ghost joined, with its level, because FHIR wants it in this version', async () => {
    const { matrix, facts, handle } = await withDaughter();
    matrix.set(SPACE, 'm.room.power_levels', '', { users: { [GHOST]: 50 } }, BOT);
    expect(await handle(member(GHOST, 'join'))).toBe('own-state');
    expect(facts).toEqual([
      {
        ...{ kind: 'joined', by: {}, member: daughter, level: 50, on, subject: 'Patient/1' },
        ...{ roomId: SPACE, at: NOW },
      },
    ]);
  });

  test('that a ghost joined, also where the bot may not read its level any more', async () => {
    const { bridge, facts, handle } = await withDaughter();
    const refusal = new BridgeError('matrix-refused', 'read state event: 403 M_FORBIDDEN');
    const homeserver = { ...bridge.homeserver, stateEvent: () => Promise.reject(refusal) };
    Object.assign(bridge, { homeserver });
    await handle(member(GHOST, 'join'));
    expect(facts).toMatchObject([{ kind: 'joined', member: daughter, level: undefined }]);
  });

  test('that a person was removed', async () => {
    const { facts, handle } = createScene(database());
    await handle(member(DOCTOR, 'leave', { sender: BOT }));
    expect(facts).toMatchObject([{ kind: 'left', by: {}, member: doctor, on }]);
  });

  test('that a member has another level', async () => {
    const { facts, handle } = await withDaughter();
    await handle(levels({ [GHOST]: 50, [STRANGER]: 50 }, { [GHOST]: 25 }, BOT));
    expect(facts).toMatchObject([
      { kind: 'level-changed', by: {}, member: daughter, formerLevel: 25, level: 50, on },
    ]);
  });
});

test('that a user gave a member another level is told, though it is put back', async () => {
  const { facts, handle } = await withDaughter();
  expect(await handle(levels({ [GHOST]: 100 }, { [GHOST]: 25 }, NURSE))).toBe('done');
  expect(facts).toMatchObject([{ kind: 'level-changed', by: nurse, member: daughter, level: 100 }]);
});

test('who takes part in a room of another organisation is told with the conversation that one’s own server has', async () => {
  const { facts, handle } = createScene(database());
  const room = roomId('!theirs:their.example');
  await invitations.saveInvitation(database(), {
    ...{ roomId: room, userId: GHOST, eventId: eventId('$invite'), inviter: STRANGER },
    subject: ref('Patient/1'),
  });
  await invitations.saveRequest(database(), eventId('$invite'), ref('CommunicationRequest/9'));
  const removed = { room_id: room, sender: STRANGER };
  expect(await handle(member(GHOST, 'leave', removed))).toBe('room-of-others');
  expect(facts).toMatchObject([
    { kind: 'left', by: { userId: STRANGER }, member: daughter, on: { reference: 'CommunicationRequest/9' } },
  ]);
});

describe('not told is', () => {
  test('how high members of a new room are: who joins is told with their level', async () => {
    const { facts, handle } = await withDaughter();
    await handle(levels({ [GHOST]: 50 }, undefined, BOT));
    expect(facts).toEqual([]);
  });

  test('that the bot joined', async () => {
    const { facts, handle } = createScene(database());
    await handle(member(BOT, 'join'));
    expect(facts).toEqual([]);
  });

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
