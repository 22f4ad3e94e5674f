// Removes in batches: short statements, and between two of them the lease may go to another replica, which goes on from there.

/**
 * Repeats a step until it finds less than a whole batch, or the lease is lost.
 * @param step removes at most `batch`, and tells how many
 * @returns how many were removed
 */
export async function inBatches(
  signal: AbortSignal,
  batch: number,
  step: (batch: number) => Promise<number>,
): Promise<number> {
  let removed = 0;
  for (;;) {
    signal.throwIfAborted();
    const count = await step(batch);
    removed += count;
    if (count < batch) return removed;
  }
}
