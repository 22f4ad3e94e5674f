// What a convergence asks for beyond its own room, so that nothing which changes meanwhile is missed. On a real database.
import { beforeEach, describe, expect, test } from 'vitest';
import type { CommunicationRequest } from '../../../src/domain/fhir.ts';
import type { FhirReference } from '../../../src/domain/ids.ts';
import { staffOf } from '../../../src/domain/ids.ts';
import type { DesiredMember } from '../../../src/mapping/desired-room.ts';
import type { StateEvent } from '../../../src/domain/matrix.ts';
import type { FhirServer } from '../../../src/fhir/server.ts';
import type { Bridge } from '../../../src/flows/bridge.ts';
import { applyPlan } from '../../../src/flows/structure/apply-plan.ts';
import { convergeRoom } from '../../../src/flows/structure/converge-room.ts';
import { convergeWithDependents } from '../../../src/flows/structure/converge.ts';
import { planRoom } from '../../../src/flows/structure/plan-room.ts';
import type { RoomSpec } from '../../../src/flows/structure/room-spec.ts';
import type { Homeserver } from '../../../src/matrix/homeserver.ts';
import type { DesiredRoom } from '../../../src/mapping/desired-room.ts';
import { NO_STRANGERS } from '../../../src/mapping/strangers.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { settle } from '../../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { member, room } from '../../builders/desired-room.ts';
import { ref } from '../../builders/fhir.ts';
import { createWorld, DOCTOR, NURSE, ROOM, SPACE, writeRooms } from '../../builders/leading-world.ts';
import { BOT, userId } from '../../builders/matrix.ts';
import { NO_PEOPLE } from '../../builders/people.ts';

const never = new AbortController().signal;
const database = useBridgeDatabase();
const TEAM = ref('CareTeam/1');
const REQUEST = ref('CommunicationRequest/2');
const CONVERSATION = { resourceType: 'CommunicationRequest', id: '2', status: 'active' } as const;
const askedFor = (reference: FhirReference) => itemsIn(database(), `to-matrix:${reference}`);

beforeEach(async () => {
  await writeRooms(database());
});

/** What FHIR wants of the team's space, as far as a test says it. */
function specOf(desired: DesiredRoom, dependencies: RoomSpec['dependencies'] = new Set()): RoomSpec {
  return {
    ...{ reference: TEAM, versionId: '1', kind: 'space', make: true, phases: ['open'] },
    ...{ subject: undefined, placement: undefined, firstMessage: undefined, authoredAt: undefined },
    people: NO_PEOPLE,
    ...{ dependencies, stamps: new Map() },
    desiredFor: () => Promise.resolve(desired),
  };
}

const options = { signal: never, requireInvites: false };

describe('what a room is found to depend on', () => {
  const applied = async (...dependencies: readonly FhirReference[]) => {
    const { bridge } = createWorld(database());
    const desired = room({ kind: 'space' });
    await applyPlan(
      bridge,
      {
        spec: specOf(desired, new Set([...dependencies, staffOf(ref('Organization/1'))])),
        ...{ desired, row: undefined, roomId: SPACE, gone: undefined, actual: [], ghosts: [], changes: [] },
        members: { base: new Set(), pending: new Set() },
        strangers: NO_STRANGERS,
        dangers: [],
      },
      options,
    );
  };

  test('a staff, for the first time: compared once more, since a role that came meanwhile concerned no room yet', async () => {
    await applied();
    expect(await askedFor(TEAM)).toEqual([expect.stringMatching(/^staff /)]);
    await applied(ref('Practitioner/7'));
    expect(await askedFor(TEAM)).toHaveLength(1);
  });
});

const DOCTOR_IS = new Map([[DOCTOR, ref('Practitioner/8')]]);

/** FHIR has the doctor in the room or not; on the homeserver, whatever is asked is done. */
function createScene() {
  const { bridge, matrix } = createWorld(database());
  matrix.make(SPACE, { type: 'm.space' });
  matrix.set(SPACE, 'm.room.power_levels', '', { users: { [BOT]: 100 } });
  const calls: string[] = [];
  const world = { dies: false, calls };
  const homeserver: Homeserver = {
    ...matrix.homeserver,
    putState: () => Promise.resolve(),
    invite: (_as, _room, who) => {
      calls.push(`invite ${who}`);
      if (world.dies) return Promise.reject(new Error('The process was killed'));
      matrix.member(SPACE, who, 'invite', BOT);
      return Promise.resolve();
    },
    join: (who) => {
      calls.push(`join ${who}`);
      matrix.member(SPACE, who, 'join');
      return Promise.resolve();
    },
    kick: (_as, _room, who) => {
      calls.push(`remove ${who}`);
      return Promise.resolve();
    },
  };
  const dying = { ...roomMembers, saveBase: () => Promise.reject(new Error('The process was killed')) };
  const converge = async (
    wanted: 'in' | 'out' | readonly DesiredMember[],
    { dies = false }: { dies?: boolean } = {},
  ) => {
    const members = wanted === 'in' ? [member(DOCTOR)] : wanted === 'out' ? [] : wanted;
    const store = { ...bridge.store, ...(dies && { roomMembers: dying }) };
    const whole = { ...bridge, homeserver, store };
    const plan = await planRoom(whole, specOf(room({ kind: 'space', members })), never);
    if (plan !== undefined) await applyPlan(whole, plan, options).catch(() => undefined);
  };
  return { world, matrix, converge };
}

describe('a convergence that ends half-way', () => {
  test('has invited whom FHIR drops before the next one: they have to go', async () => {
    const { world, converge } = createScene();
    await converge('in', { dies: true });
    await converge('out');
    expect(world.calls).toEqual([`invite ${DOCTOR}`, `remove ${DOCTOR}`]);
  });

  test('invites once more whom it meant to invite, who had left before FHIR dropped and named them', async () => {
    const { world, matrix, converge } = createScene();
    matrix.member(SPACE, DOCTOR, 'leave');
    world.dies = true;
    await converge('in');
    world.dies = false;
    await converge('in');
    expect(world.calls).toEqual([`invite ${DOCTOR}`, `invite ${DOCTOR}`]);
    matrix.member(SPACE, DOCTOR, 'leave');
    await converge('in');
    expect(world.calls).toHaveLength(2);
    expect((await roomMembers.readMembers(database(), TEAM)).base).toEqual(new Set(DOCTOR_IS.keys()));
  });
});

test('a person whose relay ghost a member removed is in the room as that ghost once they have no other account', async () => {
  const { world, matrix, converge } = createScene();
  const ghost = userId('@_fhir_doctor:example.org');
  await converge([member(DOCTOR, { relayGhost: ghost })]);
  matrix.member(SPACE, DOCTOR, 'join');
  matrix.member(SPACE, ghost, 'leave', NURSE);
  await converge([member(ghost, { kind: 'ghost', formerUserIds: [DOCTOR] })]);
  expect(world.calls.slice(1)).toEqual([`invite ${ghost}`, `join ${ghost}`, `remove ${DOCTOR}`]);
});

describe('a conversation', () => {
  /** A bridge on which it converges; whatever is done to rooms succeeds. */
  function createScene({ status = 'active' }: { status?: CommunicationRequest['status'] } = {}) {
    const { bridge, matrix, fhir } = createWorld(database());
    matrix.make(SPACE, { type: 'm.space' });
    matrix.make(ROOM);
    fhir.put({ resourceType: 'CareTeam', id: '1', status: 'active', subject: { reference: 'Patient/1' } });
    fhir.put({ resourceType: 'CommunicationRequest', id: '2', status, subject: { reference: 'Patient/1' } });
    const put: StateEvent[] = [];
    const world = { dies: false };
    const homeserver: Homeserver = {
      ...matrix.homeserver,
      putState: (_as, _room, event) => {
        if (world.dies) return Promise.reject(new Error('The process was killed'));
        put.push(event);
        return Promise.resolve();
      },
      leave: () => Promise.resolve(),
      kick: () => Promise.resolve(),
    };
    return { world, put, bridge: { ...bridge, homeserver } };
  }

  test('that finds a space at last is listed there, though the process dies between the two', async () => {
    await database().query(`update room set care_team = null where reference = $1`, [REQUEST]);
    const { world, put, bridge } = createScene();
    const { transact } = bridge;
    const dying: Bridge = {
      ...bridge,
      // It dies as soon as the conversation's place is stored.
      transact: async (work) => {
        const result = await transact(work);
        const { rows } = await database().query(`select from room where care_team = 'CareTeam/1'`);
        world.dies = rows.length > 0;
        if (world.dies) throw new Error('The process was killed');
        return result;
      },
    };
    await expect(convergeRoom(dying, REQUEST, never)).rejects.toThrow('killed');
    world.dies = false;
    await convergeRoom(bridge, REQUEST, never);
    const isListed = put.some(({ type, state_key: key }) => type === 'm.space.child' && key === ROOM);
    expect([isListed, (await askedFor(TEAM)).length > 0]).toContain(true);
  });

  test.each<[string, CommunicationRequest['status'], string]>([
    ['closes', 'entered-in-error', 'open'],
    ['opens again', 'active', 'closed'],
  ])(
    'that %s asks for its space, whose list may have been compared just before',
    async (_, status, before) => {
      await database().query('update room set phase = $2 where reference = $1', [REQUEST, before]);
      const { bridge } = createScene({ status });
      await convergeRoom(bridge, REQUEST, never);
      expect(await askedFor(TEAM)).toEqual([expect.stringContaining(' CareTeam/1')]);
    },
  );

  test('that stays open asks for nothing', async () => {
    await convergeRoom(createScene().bridge, REQUEST, never);
    expect(await askedFor(TEAM)).toEqual([]);
  });
});

test('who asks what depends on a team waits for a room that is storing this', async () => {
  const { bridge, fhir } = createWorld(database());
  const empty: FhirServer = { ...fhir.server, readMany: () => Promise.resolve(new Map()) };
  const gone = { ...bridge, fhir: empty };
  const storing = await database().connect();
  await storing.query('begin');
  await roomMembers.lockDependencies(storing, 'storing');
  await roomMembers.saveDependencies(storing, REQUEST, new Set([TEAM]));
  const asking = convergeWithDependents(gone, TEAM, 'CareTeam/1/2', never);
  await storing.query('commit');
  storing.release();
  await settle(bridge, await asking);
  expect(await askedFor(REQUEST)).toEqual(['CareTeam/1/2 CommunicationRequest/2']);
});

test('a space that another conversation made while it was waited for is not compared once more', async () => {
  await database().query(`update room set ready_at = null where reference = 'CareTeam/1'`);
  const { bridge, fhir, matrix } = createWorld(database());
  matrix.make(ROOM);
  fhir.put({ resourceType: 'CareTeam', id: '1', status: 'active', subject: { reference: 'Patient/1' } });
  fhir.put({ ...CONVERSATION, subject: { reference: 'Patient/1' } });
  const compared: string[] = [];
  const waiting: Bridge = {
    ...bridge,
    homeserver: { ...matrix.homeserver, putState: () => Promise.resolve(), kick: () => Promise.resolve() },
    store: {
      ...bridge.store,
      roomMembers: {
        ...roomMembers,
        readMembers: (db, reference) => {
          compared.push(reference);
          return roomMembers.readMembers(db, reference);
        },
      },
    },
    roomLock: async (key, _signal, work) => {
      if (key === TEAM)
        await database().query(`update room set ready_at = now() where reference = $1`, [key]);
      return work();
    },
  };
  expect(await convergeRoom(waiting, REQUEST, never)).toMatchObject({ roomId: ROOM });
  expect(compared).toEqual([REQUEST]);
});
