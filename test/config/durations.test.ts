// Durations: written in the unit of their key, read in milliseconds, wherever in the configuration they stand.
import { expect, test } from 'vitest';
import { inMilliseconds } from '../../src/config/durations.ts';
import { loadConfig } from '../../src/config/load.ts';
import { LEAST } from '../builders/config.ts';

test('each unit becomes milliseconds under a key that says so; all else stays', () => {
  const section = {
    aSeconds: 1.5,
    bMinutes: 2,
    cHours: 3,
    dDays: 4,
    lookupsPerDay: 5,
    hour: 6,
    Days: 'text',
  };
  expect(inMilliseconds(section)).toEqual({
    ...{ aMs: 1_500, bMs: 120_000, cMs: 10_800_000, dMs: 345_600_000 },
    ...{ lookupsPerDay: 5, hour: 6, Days: 'text' },
  });
});

test('no other unit leaves the configuration, lists included', async () => {
  const server = { name: 'a', baseUrl: 'https://a.example', timeoutSeconds: 2 };
  const config = await loadConfig(undefined, {
    ...LEAST,
    BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([{ kind: 'mcsd', ...server, authoritativeFor: 'all' }]),
    BRIDGE_IDENTITY_HOMESERVER_SOURCES: JSON.stringify([
      { kind: 'addressing', ...server, connectionTypes: ['matrix'] },
    ]),
  });
  const keys: string[] = [];
  JSON.stringify(config, (key, value: unknown) => {
    keys.push(key);
    return value;
  });
  expect(keys.filter((key) => /(Seconds|Minutes|Hours|Days)$/.test(key))).toEqual([]);
  expect(config.identity.directories).toMatchObject([
    { timeoutMs: 2_000, syncMs: 60_000, passMs: 86_400_000 },
  ]);
  expect(config.identity.homeserverSources).toMatchObject([{ timeoutMs: 2_000 }]);
});
