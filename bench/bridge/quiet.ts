// Waits until the bridge has nothing left to do.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { waitUntil } from '../../stack/wait.ts';
import type { Ground } from './ground.ts';

const statsSchema = z.looseObject({
  waitingItems: z.number(),
  arrivals: z.number(),
  deadLetters: z.number(),
});

const PATIENCE_MS = 10 * 60_000;
const AGAIN_AFTER_MS = 500;

/** Waits until nothing waits, also a little later. @throws when it takes too long, or the bridge has dead letters */
export async function untilQuiet({ bridge }: Pick<Ground, 'bridge'>): Promise<void> {
  const isQuiet = async (): Promise<boolean> => {
    const response = await fetch(`${bridge.opsUrl}/api/v1/queue/stats`);
    const { waitingItems, arrivals, deadLetters } = statsSchema.parse(await response.json());
    if (deadLetters > 0) throw new Error(`The bridge has ${deadLetters} dead letters`);
    return waitingItems + arrivals === 0;
  };
  const isQuietForLong = async (): Promise<boolean> => {
    if (!(await isQuiet())) return false;
    await sleep(AGAIN_AFTER_MS);
    return isQuiet();
  };
  await waitUntil(isQuietForLong, { what: 'the bridge is quiet', timeoutMs: PATIENCE_MS, everyMs: 500 });
}
