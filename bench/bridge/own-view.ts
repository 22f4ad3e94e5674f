// What the user's own client sees: it asks /sync as clients do, and notes when it is shown each event.
import { z } from 'zod';

/** A client that looks on. */
export interface OwnView {
  /** When each event was shown, in milliseconds since the epoch. */
  readonly shownMs: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

const answerSchema = z.object({
  next_batch: z.string(),
  rooms: z
    .object({
      join: z.record(
        z.string(),
        z.object({ timeline: z.object({ events: z.array(z.object({ event_id: z.string() })) }) }),
      ),
    })
    .partial()
    .default({}),
});

/** Begins to look on. Resolves with the first answer: what happens from then on is noted. */
export async function lookOn(homeserverUrl: string, accessToken: string): Promise<OwnView> {
  const shownMs = new Map<string, number>();
  const closing = new AbortController();

  async function ask(since: string | undefined, timeoutMs: number): Promise<string> {
    const query = new URLSearchParams({ timeout: String(timeoutMs), ...(since !== undefined && { since }) });
    const response = await fetch(`${homeserverUrl}/_matrix/client/v3/sync?${query.toString()}`, {
      headers: { authorization: `Bearer ${accessToken}` },
      signal: closing.signal,
    });
    if (!response.ok) throw new Error(`/sync: ${response.status} ${await response.text()}`);
    const { next_batch, rooms } = answerSchema.parse(await response.json());
    const now = Date.now();
    const events = Object.values(rooms.join ?? {}).flatMap(({ timeline }) => timeline.events);
    for (const { event_id } of events) shownMs.set(event_id, now);
    return next_batch;
  }

  async function go(since: string): Promise<void> {
    let next = since;
    while (!closing.signal.aborted) next = await ask(next, 30_000);
  }

  const going = go(await ask(undefined, 0)).catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });
  return {
    shownMs,
    stop() {
      closing.abort();
      return going;
    },
  };
}
