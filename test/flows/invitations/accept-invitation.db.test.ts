// Invitations of ghosts to rooms of others: which are followed, declined or left pending, and what a death in between leaves.
import { TEXTS } from '../../../src/mapping/language/languages.ts';
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../../src/domain/facts.ts';
import type { FhirReference } from '../../../src/domain/ids.ts';
import type { MatrixEvent } from '../../../src/domain/matrix.ts';
import { acceptInvitation, isGhostInvitation } from '../../../src/flows/invitations/accept-invitation.ts';
import { invitationContent } from '../../../src/mapping/invite-context.ts';
import { noPseudonyms } from '../../../src/pseudonyms/pseudonyms.ts';
import * as people from '../../../src/store/people.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import {
  ATTEMPT,
  createBridge,
  SETTINGS as PLAIN_SETTINGS,
  settle,
  unreachableHomeserver,
} from '../../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { BOT, eventId, message, roomId, userId } from '../../builders/matrix.ts';

const GHOST = userId('@_fhir_nurse:example.org');
const SETTINGS = { ...PLAIN_SETTINGS, trustedServers: new Set(['example.org', 'their.example']) };
const database = useBridgeDatabase();

function invitation(over: Partial<Record<keyof MatrixEvent, unknown>> = {}): MatrixEvent {
  return message({
    event_id: eventId('$invitation'),
    room_id: roomId('!theirs'),
    sender: '@jan:their.example',
    type: 'm.room.member',
    state_key: GHOST,
    content: invitationContent('token-1', TEXTS.en),
    ...over,
  });
}

/** A bridge whose ghost is Practitioner/7, whose homeserver and resolver answer as told, and what they were asked. */
async function createWorld() {
  const db = database();
  await people.savePeople(db, [
    { reference: ref('Practitioner/7'), userId: GHOST, kind: 'ghost', source: 'ghost' },
  ]);
  const calls: unknown[] = [];
  const world = {
    calls,
    canResolve: true,
    isUnreadable: false,
    resolve: (): Promise<FhirReference | undefined> => Promise.resolve(ref('Patient/7')),
    join: (): Promise<boolean> => Promise.resolve(true),
  };
  const facts: Fact[] = [];
  const bridge = createBridge(db, {
    settings: SETTINGS,
    auditTrail: {
      itemsOf: (_cause, told) => {
        facts.push(...told);
        return [];
      },
    },
    pseudonyms: {
      ...noPseudonyms,
      get canResolve() {
        return world.canResolve;
      },
      resolve: (received) => {
        calls.push(['resolve', received]);
        return world.resolve();
      },
    },
    homeserver: {
      ...unreachableHomeserver,
      acceptInvitation: (as, room, server) => {
        calls.push(['accept', as, room, server]);
        return world.join();
      },
      // A space: nothing is said in it that could be filed.
      roomState: () =>
        world.isUnreadable
          ? Promise.reject(new BridgeError('matrix-refused', 'read state: 403'))
          : Promise.resolve([
              {
                type: 'm.room.create',
                state_key: '',
                sender: '@jan:their.example',
                content: { type: 'm.space' },
              },
            ]),
      leave: (as, room) => {
        calls.push(['leave', as, room]);
        return Promise.resolve();
      },
    },
  });
  const handle = async (event = invitation(), number = 1) => {
    if (!isGhostInvitation(SETTINGS, event)) throw new TypeError('Expected the invitation of a ghost');
    const outcome = await acceptInvitation(bridge, event, { ...ATTEMPT, number });
    return settle(bridge, outcome);
  };
  const rows = async () =>
    (await db.query<object>('select event_id, subject, joined_at is not null as joined from invitation'))
      .rows;
  return { world, calls, facts, handle, rows };
}

describe('is the invitation of a ghost:', () => {
  test.each<[string, Partial<Record<keyof MatrixEvent, unknown>>, boolean]>([
    ['by a user of another homeserver', {}, true],
    ['by a user of the own homeserver', { sender: '@noor:example.org' }, true],
    ['by the bot', { sender: BOT }, false],
    ['by another ghost', { sender: '@_fhir_x:example.org' }, false],
    ['of the bot', { state_key: BOT }, false],
    ['of someone else', { state_key: '@noor:example.org' }, false],
    ['of a namesake on another homeserver', { state_key: '@_fhir_nurse:their.example' }, false],
    ['its joining', { content: { membership: 'join' } }, false],
    ['no state', { state_key: undefined }, false],
    ['another event', { type: 'm.room.topic' }, false],
  ])('%s: %s', (_, over, expected) => {
    expect(isGhostInvitation(SETTINGS, invitation(over))).toBe(expected);
  });
});

test('with a token that is known, the patient is stored, then the ghost joins through the inviter’s homeserver', async () => {
  const { calls, facts, handle, rows } = await createWorld();
  expect(await handle()).toBe('done');
  const by = { userId: '@jan:their.example' };
  expect(facts).toEqual([
    {
      ...{ kind: 'looked-up', by, subject: 'Patient/7', result: 'found' },
      ...{ question: { action: 'invitation' }, found: { person: 'Patient/7' } },
    },
    {
      ...{ kind: 'joined', by, subject: 'Patient/7', roomId: '!theirs', on: { reference: 'Patient/7' } },
      member: { userId: GHOST, person: 'Practitioner/7' },
    },
  ]);
  expect(calls).toEqual([
    [
      'resolve',
      { token: 'token-1', platform: undefined, senderServer: 'their.example', invitation: '$invitation' },
    ],
    ['accept', GHOST, '!theirs', 'their.example'],
  ]);
  expect(await rows()).toEqual([{ event_id: '$invitation', subject: 'Patient/7', joined: true }]);
});

describe('is not followed, and left standing,', () => {
  test.each<[string, Partial<Record<keyof MatrixEvent, unknown>>, string]>([
    ['from a server that is not trusted', { sender: '@jan:elsewhere.example' }, 'untrusted-server'],
    ['of a ghost that stands for nobody', { state_key: '@_fhir_nobody:example.org' }, 'no-such-person'],
    ['without a context', { content: { membership: 'invite' } }, 'no-context'],
    [
      'with a context of another version',
      { content: { membership: 'invite', 'nl-ta-chat.invite.context': { version: '9' } } },
      'context-unreadable',
    ],
  ])('%s', async (_, over, reason) => {
    const { calls, handle, rows } = await createWorld();
    expect([await handle(invitation(over)), calls, await rows()]).toEqual([reason, [], []]);
  });

  test('into a room of the bridge, which convergence looks after', async () => {
    const { calls, handle } = await createWorld();
    await rooms.reserveRoom(database(), ref('CareTeam/1'), '#careteam/1:example.org' as never);
    await rooms.saveRoomId(database(), ref('CareTeam/1'), roomId('!theirs'));
    expect([await handle(), calls]).toEqual(['own-room', []]);
    expect(await itemsIn(database(), 'to-matrix:CareTeam/1')).toHaveLength(1);
  });

  test('where nobody can resolve tokens', async () => {
    const { world, calls, handle } = await createWorld();
    world.canResolve = false;
    expect([await handle(), calls]).toEqual(['no-resolver', []]);
  });
});

test('with a token that stands for nobody it is declined, once the inviting homeserver has surely stored it', async () => {
  const { world, calls, handle, rows } = await createWorld();
  world.resolve = () => Promise.resolve(undefined);
  expect(await handle()).toBe('later 2000');
  expect(calls.map((call) => (call as string[])[0])).not.toContain('leave');
  expect(await handle(invitation(), 2)).toBe('unknown-subject');
  expect(calls.at(-1)).toEqual(['leave', GHOST, '!theirs']);
  expect(await rows()).toEqual([]);
});

test('with a BSN in its context it is declined, and the BSN goes nowhere', async () => {
  const { calls, facts, handle, rows } = await createWorld();
  const number = invitation({ content: invitationContent('123456782', TEXTS.en) });
  expect(await handle(number)).toBe('later 2000');
  expect(await handle(number, 2)).toBe('personal-number');
  expect(calls).toEqual([['leave', GHOST, '!theirs']]);
  expect(facts).toEqual([
    {
      ...{ kind: 'refused', reason: 'personal-number', by: { userId: '@jan:their.example' } },
      on: { reference: 'Practitioner/7' },
    },
  ]);
  expect(await rows()).toEqual([]);
});

test('while the resolver cannot be reached it waits', async () => {
  const { world, calls, handle } = await createWorld();
  world.resolve = () => Promise.reject(new BridgeError('pseudonym-unavailable', 'resolve token: 503'));
  await expect(handle()).rejects.toMatchObject({ code: 'pseudonym-unavailable' });
  expect(calls).toHaveLength(1);
});

test('after a death between resolving and joining the token, which may be used up, is not asked for again', async () => {
  const { world, calls, handle, rows } = await createWorld();
  world.join = () => Promise.reject(new BridgeError('matrix-unavailable', 'accept invitation: 502'));
  await expect(handle()).rejects.toMatchObject({ code: 'matrix-unavailable' });
  expect(await rows()).toEqual([{ event_id: '$invitation', subject: 'Patient/7', joined: false }]);
  world.join = () => Promise.resolve(true);
  world.resolve = () => Promise.resolve(undefined);
  expect(await handle()).toBe('done');
  expect(calls.map((call) => (call as string[])[0])).toEqual(['resolve', 'accept', 'accept']);
});

test('what was withdrawn before the ghost joined is forgotten, once the inviting homeserver has surely stored it', async () => {
  const { world, handle, rows } = await createWorld();
  world.join = () => Promise.resolve(false);
  expect(await handle()).toBe('later 2000');
  expect([await handle(invitation(), 2), await rows()]).toEqual(['invitation-withdrawn', []]);
});

test('a later invitation to the same room has a token of its own, and may be about someone else', async () => {
  const { world, handle, rows } = await createWorld();
  await handle();
  world.resolve = () => Promise.resolve(ref('Patient/8'));
  await handle(invitation({ event_id: '$again' }));
  expect(await rows()).toEqual([{ event_id: '$again', subject: 'Patient/8', joined: true }]);
});

test('that a patient was looked up and a ghost joined is told once, though what comes after fails for good', async () => {
  const { world, facts, handle } = await createWorld();
  world.isUnreadable = true;
  await expect(handle()).rejects.toThrow('matrix-refused');
  await expect(handle(invitation(), 2)).rejects.toThrow('matrix-refused');
  world.isUnreadable = false;
  expect(await handle(invitation(), 3)).toBe('done');
  expect(facts.map(({ kind }) => kind)).toEqual(['looked-up', 'joined']);
});
