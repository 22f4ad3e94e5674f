// The bot as people see it. On a real database.
import { describe, expect, test } from 'vitest';
import { dressBot } from '../../../src/flows/people/dress-bot.ts';
import type { BridgeSettings } from '../../../src/flows/bridge.ts';
import type { Homeserver } from '../../../src/matrix/homeserver.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { createBridge, SETTINGS, unreachableHomeserver } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { recordingLog } from '../../builders/log.ts';

const database = useBridgeDatabase();
const never = new AbortController().signal;

/** A homeserver on which the bot has this profile. */
function createScene(
  profile: { displayname?: string; avatar_url?: string } = {},
  over: Partial<BridgeSettings> = {},
) {
  const calls: string[] = [];
  const done = (call: string) => {
    calls.push(call);
    return Promise.resolve();
  };
  const homeserver: Homeserver = {
    ...unreachableHomeserver,
    profile: () => Promise.resolve(profile),
    setDisplayName: (_as, name) => {
      profile.displayname = name;
      return done(`name ${name}`);
    },
    setAvatar: (_as, url = '') => {
      profile.avatar_url = url;
      return done(`picture ${url}`);
    },
    upload: () => {
      calls.push('upload');
      return Promise.resolve('mxc://example.org/drawn');
    },
  };
  const log = recordingLog();
  const bridge = createBridge(database(), { homeserver, log, settings: { ...SETTINGS, ...over } });
  return { calls, log, bridge, dress: () => dressBot(bridge, never) };
}

describe('the bot', () => {
  test('has a name and a picture of its own, which are set once', async () => {
    const { calls, dress } = createScene();
    await dress();
    await dress();
    expect(calls).toEqual(['name Zorgplatform', 'upload', 'picture mxc://example.org/drawn']);
  });

  test('has those of the operator', async () => {
    const own = { botName: 'De Linde', botAvatar: 'mxc://example.org/own' };
    const { calls, dress } = createScene({ displayname: 'Zorgplatform' }, own);
    await dress();
    expect(calls).toEqual(['name De Linde', 'picture mxc://example.org/own']);
  });

  test('works under any name where the homeserver refuses this one, and the log says so', async () => {
    const { bridge, log } = createScene();
    const refusing: Homeserver = {
      ...bridge.homeserver,
      setDisplayName: () =>
        Promise.reject(new BridgeError('matrix-refused', 'set display name: 403 M_FORBIDDEN')),
    };
    await dressBot({ ...bridge, homeserver: refusing }, never);
    expect(JSON.stringify(log)).toContain('The bot could not be given its name and picture');
  });
});
