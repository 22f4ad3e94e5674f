// Resources that are gone, and references that a restored server gave anew: nobody reads on in a room that is not theirs any more.
import { beforeEach, describe, expect, test } from 'vitest';
import type { RoomAlias, RoomId } from '../../../src/domain/ids.ts';
import { converge } from '../../../src/flows/structure/converge.ts';
import { lookAtOrphans } from '../../../src/flows/structure/orphaned-rooms.ts';
import type { StoredResource } from '../../../src/fhir/server.ts';
import type { RoomChange } from '../../../src/mapping/room-changes.ts';
import type { Homeserver } from '../../../src/matrix/homeserver.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { made } from '../../builders/actual-room.ts';
import { clockAt, createBridge, unreachableFhir, unreachableHomeserver } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { room } from '../../builders/desired-room.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { BOT, roomId, userId } from '../../builders/matrix.ts';
import { ghost, SETTINGS, to } from '../../builders/people.ts';
import { roomModel, type RoomModel } from '../../builders/room-model.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const REQUEST = ref('CommunicationRequest/5002');
const BEFORE = '2026-11-29T12:00:00.000Z';
const AFTER = '2026-11-29T15:00:00.000Z';
const NURSE = userId('@nurse:h');

/** What the server has; the key of a version is `Type/id/_history/n`. */
let resources: Map<string, StoredResource>;
/** The rooms of the homeserver, and where aliases lead. */
let models: Map<string, RoomModel>;
let aliases: Map<string, RoomId>;

beforeEach(() => {
  resources = new Map();
  models = new Map();
  aliases = new Map();
});

function request(version: string, lastUpdated: string, over: Record<string, unknown> = {}): StoredResource {
  const written = stored(REQUEST, version, lastUpdated, {
    ...{ status: 'active', subject: to('Patient/1'), sender: to('Practitioner/1') },
    ...over,
  });
  resources.set(REQUEST, written).set(`${REQUEST}/_history/${version}`, written);
  return written;
}

function bridgeAt(iso: string) {
  const model = (id: string): RoomModel => {
    const found = models.get(id);
    if (found === undefined) throw new TypeError(`No room ${id}`);
    return found;
  };
  const apply = (id: string, change: RoomChange) => {
    model(id).apply(change);
    return Promise.resolve();
  };
  const idle = () => Promise.resolve();
  const homeserver: Homeserver = {
    ...unreachableHomeserver,
    ...{ registerGhost: idle, setDisplayName: idle },
    roomState: (_bot, id) =>
      Promise.resolve(
        model(id)
          .state()
          .map((event) => ({ ...event })),
      ),
    putState: (as, id, event) => apply(id, { kind: 'put-state', as, event }),
    invite: (_bot, id, user) => apply(id, { kind: 'invite', userId: user }),
    join: (user, id) => apply(id, { kind: 'join', userId: user }),
    leave: (user, id) => apply(id, { kind: 'leave', userId: user }),
    kick: (_bot, id, user) => apply(id, { kind: 'kick', userId: user }),
    deleteAlias(_bot, alias) {
      aliases.delete(alias);
      return Promise.resolve();
    },
  };
  return createBridge(pool(), {
    ...{ homeserver, settings: { ...SETTINGS, bot: BOT }, clock: clockAt(iso) },
    newRoomVersion: () => Promise.resolve('12'),
    ensureRoom({ alias }) {
      const id = aliases.get(alias) ?? roomId(`!room${models.size + 1}`);
      aliases.set(alias, id);
      if (!models.has(id)) models.set(id, roomModel(made(room()), BOT));
      return Promise.resolve(id);
    },
    fhir: {
      ...unreachableFhir,
      readVersion: (reference, version) => Promise.resolve(resources.get(`${reference}/_history/${version}`)),
      search: () => Promise.resolve({ resources: [], serverTime: iso }),
      readMany: (references) =>
        Promise.resolve(
          new Map(
            references.flatMap((reference) => {
              const found = resources.get(reference);
              return found === undefined ? [] : [[reference, found] as const];
            }),
          ),
        ),
    },
  });
}

async function convergeAt(iso: string): Promise<RoomId | undefined> {
  await converge(bridgeAt(iso), REQUEST, { cause: iso }, never);
  return (await rooms.findRoom(pool(), REQUEST))?.roomId;
}

const sendLevel = (model: RoomModel | undefined) => model?.levels().events?.['m.room.message'];

/** A room that was made, with a nurse who came in by an account of their own. */
async function madeRoom(): Promise<RoomId> {
  resources.set('Practitioner/1', stored('Practitioner/1', '1', BEFORE));
  const id = await convergeAt(BEFORE);
  if (id === undefined) throw new TypeError('A room was to be made');
  models.get(id)?.apply({ kind: 'invite', userId: NURSE });
  models.get(id)?.join(NURSE);
  return id;
}

describe('a reference that now stands for another resource gets another room', () => {
  test.each([
    ['of another patient', '2', AFTER, { subject: to('Patient/2') }],
    ['of the same patient, younger than the room', '1', AFTER, {}],
  ])('%s', async (_, version, lastUpdated, over) => {
    request('1', BEFORE);
    const old = await madeRoom();
    request(version, lastUpdated, over);
    const now = await convergeAt(AFTER);
    expect(now).not.toBe(old);
    expect(models.get(now ?? '')?.membershipOf(NURSE)).toBeUndefined();
    expect(models.get(old)?.membershipOf(NURSE)).toBe('join');
    expect(await convergeAt(AFTER)).toBe(now);
  });

  test('which had several versions before it was read', async () => {
    request('1', BEFORE);
    const old = await madeRoom();
    request('1', AFTER);
    request('2', '2026-11-29T15:00:05.000Z');
    expect(await convergeAt(AFTER)).not.toBe(old);
  });

  test('and not the room of the lost one, should the alias still lead to it', async () => {
    request('1', BEFORE);
    const old = await madeRoom();
    request('1', AFTER);
    const bridge = bridgeAt(AFTER);
    const alias = [...aliases.keys()][0] ?? '';
    bridge.homeserver.deleteAlias = () => Promise.resolve();
    bridge.homeserver.resolveAlias = () => Promise.resolve(old);
    bridge.homeserver.joinThrough = () => Promise.resolve(true);
    await converge(bridge, REQUEST, { cause: 'test' }, never);
    const now = await rooms.findRoom(pool(), REQUEST);
    expect([now?.roomId === old, now?.alias === (alias as RoomAlias)]).toEqual([false, false]);
  });
});

test('a resource that merely changed, or went back to an earlier version, keeps its room', async () => {
  request('1', BEFORE);
  const old = await madeRoom();
  request('3', AFTER);
  expect(await convergeAt(AFTER)).toBe(old);
  request('2', '2026-11-29T13:00:00.000Z');
  expect(await convergeAt(AFTER)).toBe(old);
});

test('in the old room nobody can write, and at the second look its members are removed', async () => {
  request('1', BEFORE);
  const old = await madeRoom();
  request('1', AFTER);
  await convergeAt(AFTER);
  expect(await lookAtOrphans(bridgeAt(AFTER), never)).toBe(1);
  expect(sendLevel(models.get(old))).toBe(105);
  expect(models.get(old)?.membershipOf(NURSE)).toBe('join');
  expect(await lookAtOrphans(bridgeAt('2026-11-29T15:30:00.000Z'), never)).toBe(0);
  expect(await lookAtOrphans(bridgeAt('2026-11-29T16:30:00.000Z'), never)).toBe(1);
  expect(models.get(old)?.membershipOf(NURSE)).toBe('leave');
  expect(await lookAtOrphans(bridgeAt('2026-11-30T16:30:00.000Z'), never)).toBe(0);
});

describe('a resource that is gone', () => {
  test('leaves its room read-only, and closed if it still is at a second look', async () => {
    request('1', BEFORE);
    const id = await madeRoom();
    resources.delete(REQUEST);
    await convergeAt(AFTER);
    expect(sendLevel(models.get(id))).toBe(105);
    expect(models.get(id)?.membershipOf(NURSE)).toBe('join');
    await convergeAt('2026-11-29T15:59:00.000Z');
    expect(models.get(id)?.membershipOf(NURSE)).toBe('join');
    await convergeAt('2026-11-29T16:01:00.000Z');
    expect(models.get(id)?.membershipOf(NURSE)).toBe('leave');
    expect((await rooms.findRoom(pool(), REQUEST))?.phase).toBe('closed');
  });

  test('asks for its second look by itself', async () => {
    request('1', BEFORE);
    await madeRoom();
    resources.delete(REQUEST);
    await convergeAt(AFTER);
    expect(await rooms.nextConvergeAt(pool())).toEqual(new Date('2026-11-29T16:00:00.000Z'));
  });

  test('gives all back when it is there again', async () => {
    const there = request('1', BEFORE);
    const id = await madeRoom();
    resources.delete(REQUEST);
    await convergeAt(AFTER);
    resources.set(REQUEST, there);
    expect(await convergeAt('2026-11-29T15:10:00.000Z')).toBe(id);
    expect(sendLevel(models.get(id))).toBe(25);
    expect(models.get(id)?.membershipOf(ghost('Practitioner/1'))).toBe('join');
    resources.delete(REQUEST);
    await convergeAt('2026-11-29T17:00:00.000Z');
    expect(models.get(id)?.membershipOf(NURSE)).toBe('join');
  });
});
