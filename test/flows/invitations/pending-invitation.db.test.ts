// Invitations that push lost: found by asking, answered as pushed ones are, and together with those once.
import { TEXTS } from '../../../src/mapping/language/languages.ts';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/domain/json.ts';
import type { MatrixEvent } from '../../../src/domain/matrix.ts';
import type { Bridge } from '../../../src/flows/bridge.ts';
import { isGhostInvitation } from '../../../src/flows/invitations/accept-invitation.ts';
import { findMissedInvitations } from '../../../src/flows/invitations/missed-invitations.ts';
import { answerPushed, answerPending } from '../../../src/flows/invitations/pending-invitation.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import { invitationContent } from '../../../src/mapping/invite-context.ts';
import { roomLane } from '../../../src/mapping/lanes.ts';
import type { Invitation } from '../../../src/matrix/invitations.ts';
import * as ghosts from '../../../src/store/ghosts.ts';
import * as people from '../../../src/store/people.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { ATTEMPT, settle } from '../../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { createWorld, NURSE, ROOM, SPACE, writeRooms } from '../../builders/leading-world.ts';
import { BOT, eventId, message, roomId, userId } from '../../builders/matrix.ts';
import { enqueue } from '../../builders/payloads.ts';

const GHOST = userId('@_fhir_g:example.org');
/** Asked before the other. */
const DEACTIVATED = userId('@_fhir_a:example.org');
const THEIRS = roomId('!theirs');
const JAN = userId('@jan:example.org');
const signal = new AbortController().signal;
const database = useBridgeDatabase();

const pending = (over: Partial<Invitation> = {}): Invitation => ({
  ...{ roomId: THEIRS, userId: GHOST, sender: JAN, content: invitationContent('token-1', TEXTS.en) },
  ...over,
});
const pushed = (): MatrixEvent =>
  message({
    ...{ event_id: eventId('$pushed'), room_id: THEIRS, sender: JAN, type: 'm.room.member' },
    ...{ state_key: GHOST, content: invitationContent('token-1', TEXTS.en) },
  });

/** A bridge whose ghost stands for a person and has these invitations; a token is good for one asker. */
async function createScene(found: readonly Invitation[] | undefined = [pending()]) {
  const db = database();
  await ghosts.saveGhost(db, GHOST);
  await people.savePeople(db, [
    { reference: ref('Practitioner/7'), userId: GHOST, kind: 'ghost', source: 'ghost' },
  ]);
  const world = createWorld(db);
  world.matrix.make(THEIRS, { type: 'm.space' });
  const calls: unknown[] = [];
  const asker = new Map<string, string>();
  const scene = { found, canResolve: true, fails: false };
  const bridge: Bridge = {
    ...world.bridge,
    pseudonyms: {
      get canResolve() {
        return scene.canResolve;
      },
      tokenFor: () => Promise.resolve(undefined),
      resolve: ({ token, invitation }) => {
        asker.set(token, asker.get(token) ?? invitation);
        return Promise.resolve(asker.get(token) === invitation ? ref('Patient/7') : undefined);
      },
    },
    homeserver: {
      ...world.bridge.homeserver,
      pendingInvitations: (ghost) =>
        scene.fails || ghost === DEACTIVATED
          ? Promise.reject(new BridgeError('matrix-unavailable', 'away'))
          : Promise.resolve(scene.found),
      acceptInvitation: (as, id) => {
        calls.push(['accept', as, id]);
        return Promise.resolve(true);
      },
      leave: (as, id) => {
        calls.push(['leave', as, id]);
        return Promise.resolve();
      },
    },
  };
  const answer = async (over: Partial<Invitation> = {}): Promise<string> =>
    settle(bridge, await answerPending(bridge, { kind: 'matrix.invitation', ...pending(over) }, ATTEMPT));
  const answerEvent = async (number = 1): Promise<string> => {
    const event = pushed();
    if (!isGhostInvitation(bridge.settings, event)) throw new TypeError('Expected a ghost’s invitation');
    return settle(bridge, await answerPushed(bridge, event, { ...ATTEMPT, number }));
  };
  const find = (seen = 'today'): Promise<number> => findMissedInvitations(bridge, seen, signal);
  return { world, scene, calls, answer, answerEvent, find };
}

describe('a ghost’s invitation that is pending', () => {
  test('is answered: the patient is stored, and the ghost joins', async () => {
    const { calls, answer } = await createScene();
    expect(await answer()).toBe('done');
    expect(calls).toEqual([['accept', GHOST, THEIRS]]);
    const { rows } = await database().query('select user_id, inviter, subject from invitation');
    expect(rows).toEqual([{ user_id: GHOST, inviter: JAN, subject: 'Patient/7' }]);
  });

  test('and is pushed late is not declined because its token was used up', async () => {
    const { calls, answer, answerEvent } = await createScene();
    await answer();
    expect(await answerEvent()).toBe('done');
    expect(calls).not.toContainEqual(['leave', GHOST, THEIRS]);
  });

  test('was answered meanwhile', async () => {
    const { calls, scene, answer } = await createScene();
    scene.found = [];
    expect([await answer(), calls]).toEqual(['invitation-answered', []]);
  });

  test('without being pushed is found, and stored once a day', async () => {
    const { find } = await createScene();
    expect([await find('1'), await find('1'), await find('2')]).toEqual([1, 1, 1]);
    expect(await itemsIn(database(), roomLane(THEIRS))).toEqual([
      `${THEIRS} ${GHOST} 1`,
      `${THEIRS} ${GHOST} 2`,
    ]);
  });

  test('is found though another ghost cannot be asked', async () => {
    const { world, find } = await createScene();
    await ghosts.saveGhost(database(), DEACTIVATED);
    expect(await find()).toBe(1);
    expect(world.log.lines.map(({ message: line }) => line)).toEqual([
      'Not all ghosts could be asked for invitations',
    ]);
  });

  test('and was pushed is not found, but another into the same room is', async () => {
    const { scene, find } = await createScene();
    const payload = { kind: 'matrix.event', event: { ...pushed() } } as unknown as JsonValue;
    const item = { lane: roomLane(THEIRS), source: 'matrix.event', sourceId: '$pushed', payload };
    await inTransaction(database(), (tx) => enqueue(tx, [item]));
    expect(await find()).toBe(0);
    scene.found = [pending({ content: invitationContent('token-2', TEXTS.en) })];
    expect(await find()).toBe(1);
  });

  test('is not looked for where nobody can resolve what it says, nor where the bridge itself invited', async () => {
    const { scene, find } = await createScene([pending({ sender: BOT })]);
    expect(await find()).toBe(0);
    Object.assign(scene, { canResolve: false, found: [pending()] });
    expect(await find()).toBe(0);
  });

  test.each([
    ['that cannot say so', { found: undefined }],
    ['that is away', { fails: true }],
  ])('is not looked for on a homeserver %s, which is no failure', async (_, over) => {
    const { scene, find } = await createScene();
    Object.assign(scene, over);
    expect(await find()).toBe(0);
  });
});

describe('an invitation of the bot', () => {
  const NEXT = roomId('!next');
  const ofBot = { roomId: NEXT, userId: BOT, sender: NURSE };

  test('into the room of an upgrade for which the bridge waits is followed', async () => {
    await writeRooms(database());
    const { world, answer } = await createScene();
    world.matrix.make(SPACE, { type: 'm.space' });
    world.matrix.make(NEXT, { predecessor: { room_id: ROOM } });
    await database().query(
      `insert into former_room values ('!conversation', 'CommunicationRequest/2', '!next')`,
    );
    expect(await answer(ofBot)).toBe('done');
    expect(world.matrix.calls).toEqual([['join', NEXT, ['example.org']]]);
    expect(await answer(ofBot)).toBe('own-room');
  });

  test('into a room that the bridge does not wait for is left pending where it is not let in', async () => {
    const { world, answer } = await createScene();
    expect(await answer(ofBot)).toBe('room-not-open');
    expect(world.matrix.calls).toEqual([['join', NEXT, ['example.org']]]);
  });
});
