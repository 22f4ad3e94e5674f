// What the bridge asked for before FHIR changed, and the homeserver did after it: nobody stays in a room, or out of it, by that.
import { beforeEach, describe, expect, test } from 'vitest';
import { convergeNow } from '../../../src/flows/structure/converge.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { DOCTOR, SPACE } from '../../builders/leading-world.ts';
import { BOT } from '../../builders/matrix.ts';
import { createScene, GHOST, member, writeScene } from '../../builders/membership-scene.ts';

const database = useBridgeDatabase();
const never = new AbortController().signal;
const TEAM = ref('CareTeam/1');
const RELATIVE = ref('RelatedPerson/3');

beforeEach(async () => {
  await writeScene(database());
});

/** The bot may do everything in the space of the nurse. */
function createTeam() {
  const scene = createScene(database());
  scene.matrix.set(SPACE, 'm.room.create', '', { room_version: '12', type: 'm.space' }, BOT);
  scene.matrix.member(SPACE, BOT, 'join');
  const memberships = async () =>
    Object.fromEntries(
      (await scene.matrix.homeserver.roomState(BOT, SPACE))
        .filter(({ type }) => type === 'm.room.member')
        .map(({ state_key: key, content }) => [key, content['membership']]),
    );
  return { ...scene, memberships };
}

describe('of those whom FHIR has dropped', () => {
  test('a ghost that comes in late is seen, and leaves', async () => {
    const { bridge, handle, matrix, converged, memberships } = createTeam();
    matrix.member(SPACE, GHOST, 'join');
    expect(await handle(member(GHOST, 'join'))).toBe('own-state');
    expect(await converged()).toEqual([TEAM]);
    await convergeNow(bridge, TEAM, 'late', never);
    expect(await memberships()).toMatchObject({ [GHOST]: 'leave' });
  });

  test('who is invited late is seen, and the invitation is taken back', async () => {
    const { bridge, handle, matrix, converged, memberships } = createTeam();
    matrix.member(SPACE, DOCTOR, 'invite', BOT);
    expect(await handle(member(DOCTOR, 'invite', { sender: BOT }))).toBe('own-state');
    expect(await converged()).toEqual([TEAM]);
    await convergeNow(bridge, TEAM, 'late', never);
    expect(await memberships()).toMatchObject({ [DOCTOR]: 'leave' });
  });
});

describe('of those whom FHIR names', () => {
  const agreed = () => roomMembers.saveBase(database(), TEAM, new Map([[GHOST, RELATIVE]]));

  test.each([
    ['leaves', GHOST, 'leave'],
    ['is removed', BOT, 'leave'],
  ])('a ghost that %s late is seen', async (_, sender, membership) => {
    const { handle, converged } = createTeam();
    await agreed();
    await handle(member(GHOST, membership, { sender }));
    expect(await converged()).toEqual([TEAM]);
  });

  test('a ghost that comes in is what was agreed on', async () => {
    const { handle, converged } = createTeam();
    await agreed();
    await handle(member(GHOST, 'join'));
    expect(await converged()).toEqual([]);
  });

  test.each([
    ['drops them is seen', new Map(), [TEAM]],
    ['brings them in is waited for, and nothing more', new Map([[GHOST, RELATIVE]]), []],
  ])('a ghost that comes in while a convergence that %s', async (_, base, expected) => {
    const { bridge, handle, converged } = createTeam();
    await roomMembers.savePending(database(), TEAM, new Map([[GHOST, RELATIVE]]));
    const lock: typeof bridge.roomLock = async (_key, _signal, work) => {
      await roomMembers.saveBase(database(), TEAM, base);
      return work();
    };
    Object.assign(bridge, { roomLock: lock });
    await handle(member(GHOST, 'join'));
    expect(await converged()).toEqual(expected);
  });
});

test('what the bot does itself asks for nothing', async () => {
  const { handle, converged } = createTeam();
  await handle(member(BOT, 'join'));
  expect(await converged()).toEqual([]);
});
