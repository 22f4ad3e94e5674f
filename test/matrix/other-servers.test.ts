// Another homeserver that does not answer is left alone for a while, and only it.
import { describe, expect, test } from 'vitest';
import type { Homeserver } from '../../src/matrix/homeserver.ts';
import { createOtherServers, sparingOthers } from '../../src/matrix/other-servers.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { unreachableHomeserver } from '../builders/bridge.ts';
import { gate } from '../builders/http.ts';
import { BOT, roomId, userId } from '../builders/matrix.ts';

const MINUTE = 60_000;
const silence = new BridgeError('matrix-unavailable', 'invite: timed out');

function createScene() {
  let nowMs = 0;
  const others = createOtherServers({ monotonicMs: () => nowMs });
  /** @returns whether it was tried */
  const attempt = async (server: string, ends: Error | 'well'): Promise<boolean> => {
    let tried = false;
    await others
      .reach(server, () => {
        tried = true;
        return ends === 'well' ? Promise.resolve() : Promise.reject(ends);
      })
      .catch(() => undefined);
    return tried;
  };
  return {
    others,
    attempt,
    pass: (ms: number): void => {
      nowMs += ms;
    },
  };
}

test('after its first silence nothing more is tried, for a minute', async () => {
  const { attempt, others, pass } = createScene();
  expect(await attempt('dead.example', silence)).toBe(true);
  expect(await attempt('dead.example', 'well')).toBe(false);
  expect([others.isLeftAlone('dead.example'), others.isLeftAlone('other.example')]).toEqual([true, false]);
  expect(await attempt('other.example', 'well')).toBe(true);
  pass(MINUTE - 1);
  expect(await attempt('dead.example', 'well')).toBe(false);
  pass(1);
  expect(await attempt('dead.example', 'well')).toBe(true);
  expect(await attempt('dead.example', 'well')).toBe(true);
});

test('what is not tried fails as what was', async () => {
  const { attempt, others } = createScene();
  await attempt('dead.example', silence);
  await expect(others.reach('dead.example', () => Promise.resolve())).rejects.toMatchObject({
    code: 'matrix-unavailable',
  });
});

test('it is asked more and more rarely, every 15 minutes at last, and as before once it has answered', async () => {
  const { attempt, others, pass } = createScene();
  const minutes: number[] = [];
  for (let silences = 0; silences < 6; silences += 1) {
    await attempt('dead.example', silence);
    let waited = 0;
    for (; others.isLeftAlone('dead.example'); waited += 1) pass(MINUTE);
    minutes.push(waited);
  }
  expect(minutes).toEqual([1, 2, 4, 8, 15, 15]);
  await attempt('dead.example', 'well');
  await attempt('dead.example', silence);
  pass(MINUTE);
  expect(others.isLeftAlone('dead.example')).toBe(false);
});

test('while one is let through, the others go on failing', async () => {
  const { attempt, others, pass } = createScene();
  await attempt('dead.example', silence);
  pass(MINUTE);
  const answer = gate();
  const probe = others.reach('dead.example', () => answer.passed);
  expect(await attempt('dead.example', 'well')).toBe(false);
  answer.open();
  await probe;
  expect(await attempt('dead.example', 'well')).toBe(true);
});

test('of several that were on their way when it fell silent, the first counts', async () => {
  const { others, pass } = createScene();
  const answer = gate();
  const failing = () =>
    others
      .reach('dead.example', async () => {
        await answer.passed;
        throw silence;
      })
      .catch(() => undefined);
  const all = Promise.all([failing(), failing(), failing()]);
  answer.open();
  await all;
  pass(MINUTE);
  expect(others.isLeftAlone('dead.example')).toBe(false);
});

test.each([
  new BridgeError('matrix-refused', 'invite: 403'),
  new BridgeError('matrix-rate-limited', 'invite: 429'),
  new BridgeError('pseudonym-unavailable', 'get token: 502'),
  new Error('something else'),
])('what says nothing of that homeserver changes nothing: %s', async (error) => {
  const { attempt, others } = createScene();
  await attempt('their.example', error);
  expect(others.isLeftAlone('their.example')).toBe(false);
});

describe('spared are', () => {
  const ROOM = roomId('!r');
  const asked: string[] = [];
  const failing = (what: string) => () => {
    asked.push(what);
    return Promise.reject(silence);
  };
  const never: Homeserver = {
    ...unreachableHomeserver,
    ...{ invite: failing('invite'), acceptInvitation: failing('accept'), joinThrough: failing('join') },
  };

  test.each<[string, (homeserver: Homeserver) => Promise<unknown>, number]>([
    ['invitations of their users', (hs) => hs.invite(BOT, ROOM, userId('@a:dead.example')), 1],
    ['invitations to accept', (hs) => hs.acceptInvitation(BOT, ROOM, 'dead.example'), 1],
    ['joins through one of them', (hs) => hs.joinThrough(BOT, ROOM, ['dead.example', 'dead.example']), 1],
    ['no invitations of one’s own users', (hs) => hs.invite(BOT, ROOM, userId('@a:example.org')), 2],
    ['no joins through one’s own server', (hs) => hs.joinThrough(BOT, ROOM, ['example.org']), 2],
    ['no joins through several', (hs) => hs.joinThrough(BOT, ROOM, ['dead.example', 'b.example']), 2],
    ['no joins through none', (hs) => hs.joinThrough(BOT, ROOM, []), 2],
  ])('%s', async (_, request, tries) => {
    const homeserver = sparingOthers(never, createOtherServers({ monotonicMs: () => 0 }), 'example.org');
    asked.length = 0;
    for (let times = 0; times < 2; times += 1) await expect(request(homeserver)).rejects.toThrow(BridgeError);
    expect(asked).toHaveLength(tries);
  });
});
