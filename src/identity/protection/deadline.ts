// The time a question may take: callers get an answer even where a directory gives none.
import { BridgeError } from '../../telemetry/errors.ts';

/**
 * Runs `work` with a signal that is aborted when its time is over.
 * @throws BridgeError when it is, whatever becomes of the work
 */
export async function within<Result>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
    reject(new BridgeError('directory-unavailable', `no answer within ${milliseconds} ms`));
  }, milliseconds);
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What `ask` gives for each item, in order, with at most `most` under way. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  most: number,
  ask: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  async function work(): Promise<void> {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await ask(item);
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work));
  return results;
}
