// Waits until the bridge has nothing left to do.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { waitUntil } from '../../stack/wait.ts';
import type { Ground } from './ground.ts';
import type { Line } from './line.ts';

const statsSchema = z.looseObject({
  waitingItems: z.number(),
  arrivals: z.number(),
  writeBacks: z.number(),
  deadLetters: z.number(),
});

const PATIENCE_MS = 10 * 60_000;
const AGAIN_AFTER_MS = 500;

/**
 * Waits until nothing waits, also a little later.
 * @returns problems: what became a dead letter
 * @throws when it takes too long
 */
export async function untilQuiet({ bridge }: Pick<Ground, 'bridge'>): Promise<readonly string[]> {
  const look = async (): Promise<z.infer<typeof statsSchema> | undefined> => {
    const response = await fetch(`${bridge.opsUrl}/api/v1/queue/stats`);
    const stats = statsSchema.parse(await response.json());
    return stats.waitingItems + stats.arrivals + stats.writeBacks === 0 ? stats : undefined;
  };
  const lookTwice = async (): Promise<z.infer<typeof statsSchema> | undefined> => {
    if ((await look()) === undefined) return undefined;
    await sleep(AGAIN_AFTER_MS);
    return look();
  };
  const options = { what: 'the bridge is quiet', timeoutMs: PATIENCE_MS, everyMs: AGAIN_AFTER_MS };
  const { deadLetters } = await waitUntil(lookTwice, options);
  return deadLetters === 0 ? [] : [`the bridge has ${deadLetters} dead letters`];
}

/** The same where the bridge carries; the script is through when it has its answers. */
export async function untilThrough(ground: Ground, line: Line): Promise<readonly string[]> {
  return line.name === 'bridge' ? untilQuiet(ground) : [];
}
