// The benchmark of scale, in its shortest form: conversations that are copies work like the one they are made from.
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { buildLandscape } from '../../bench/scale/landscape.ts';
import { play } from '../../bench/scale/play.ts';
import { startGuard, type Guard } from '../../stack/guard.ts';
import { createRunFolder } from '../../stack/run-folder.ts';

let guard: Guard;
beforeAll(async () => {
  guard = await startGuard();
});
afterAll(() => guard.end());

test('messages cross in copies of a conversation, with replicas, and after the bridge was away', async () => {
  const { logs } = await createRunFolder(guard, false);
  const extent = { rooms: [1, 3], messages: 5, talking: 3, replicas: [2], calmMs: 0, stored: 20, backlog: 6 };
  const landscape = await buildLandscape(
    { guard, logFolder: logs },
    { adminUrl: inject('adminUrl') },
    extent.talking,
  );
  try {
    const { problems, figures } = await play(landscape, extent, () => undefined);
    expect(problems).toEqual([]);
    expect(Object.keys(figures)).toEqual(
      expect.arrayContaining(['cost_3_rooms_vs_1', 'start_ms', 'drain_6_per_s']),
    );
  } finally {
    await landscape.end();
  }
});
